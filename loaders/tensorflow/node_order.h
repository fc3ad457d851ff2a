// What a GraphDef's nodes read, and the order in which they can run.
#pragma once

#include <loaders/tensorflow/graph_def.pb.h>

#include <string>
#include <vector>

namespace phosphene::tensorflow {

// Output `output` of node number `node`.
struct Source {
  int node = 0;
  int output = 0;
};

// The data that each node reads, by its number. Throws when two nodes share a name, and for inputs that no node has.
std::vector<std::vector<Source>> sources_of(const GraphDef& graph, const std::string& path);

// The numbers of the nodes in an order in which each stands behind what it reads; the file's order as far as it allows that. Throws,
// with their names, when nodes read each other in a circle.
std::vector<int> order_of(const GraphDef& graph, const std::vector<std::vector<Source>>& sources,
                          const std::string& path);

// "FILE: node 'NAME' (tf.OP)", in words that can be shown.
std::string place_of(const NodeDef& node, const std::string& path);

}  // namespace phosphene::tensorflow
