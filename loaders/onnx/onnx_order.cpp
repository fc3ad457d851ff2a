#include "loaders/onnx/onnx_order.h"

#include <functional>
#include <queue>

#include "runtime/error.h"

namespace phosphene::onnx {
namespace {

// For each value, the node that writes it.
std::map<std::string, size_t> writers_of(const source::Network& network) {
  std::map<std::string, size_t> writers;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::string& output : network.nodes[i].outputs) {
      if (!output.empty() && !writers.emplace(output, i).second)
        fail(source::place_of(network, network.nodes[i]), "writes '{}', which node '{}' writes too", output,
             network.nodes[writers[output]].name);
    }
  }
  return writers;
}

}  // namespace

void sort_nodes(source::Network& network) {
  const std::map<std::string, size_t> writers = writers_of(network);
  const size_t count = network.nodes.size();
  std::vector<std::vector<size_t>> readers(count);
  std::vector<size_t> waits_for(count);
  for (size_t i = 0; i < count; ++i) {
    for (const std::string& input : network.nodes[i].inputs) {
      const auto writer = writers.find(input);
      if (writer == writers.end()) continue;
      readers[writer->second].push_back(i);
      ++waits_for[i];
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < count; ++i) {
    if (waits_for[i] == 0) ready.push(i);
  }
  std::vector<source::Node> sorted;
  while (!ready.empty()) {
    const size_t first = ready.top();
    ready.pop();
    for (const size_t reader : readers[first]) {
      if (--waits_for[reader] == 0) ready.push(reader);
    }
    sorted.push_back(std::move(network.nodes[first]));
  }
  for (size_t i = 0; i < count; ++i) {
    if (waits_for[i] > 0)
      fail(source::place_of(network, network.nodes[i]), "reads what it writes: its inputs form a cycle");
  }
  network.nodes = std::move(sorted);
}

}  // namespace phosphene::onnx
