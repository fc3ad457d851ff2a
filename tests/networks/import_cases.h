// One node of each op that the importer knows, with every attribute that it has, none of them as it would be without.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "loaders/source/network.h"

namespace phosphene::testing {

// The image that the node reads as "x" (ONNX: N C H W; TensorFlow, Keras: N H W C); "y" is a second value of this shape.
constexpr int64_t kCaseChannels = 4, kCaseRows = 8, kCaseColumns = 10;

struct ImportCase {
  std::string label;  // what tells it from others of its op
  source::Node node;  // called "node"; its first output is "out"
  std::map<std::string, source::Constant> constants;
  std::map<std::string, source::Attribute> otherwise;   // what holds without an attribute; not here: it must be given
  std::map<size_t, source::Constant> inputs_otherwise;  // the same of constant inputs
  std::set<std::string> any_list;                       // attributes whose list may have any length
  std::set<size_t> any_length;                          // constant inputs whose length the node decides alone
  size_t most_inputs = 0;
  bool any_inputs = false;  // however many
  bool channels_last = false;
  std::set<std::string> ignored;            // attributes that change nothing, whatever they say
  std::vector<source::Node> before, after;  // between the image and the node, and behind the node
};

// Of a family: the name of a namespace of loaders/import/rules.h.
std::vector<ImportCase> import_cases(const std::string& family);

// Names of ops whose rule is another's that has a case.
std::set<std::string> rules_like_others();

source::Network network_of(const ImportCase& given);

}  // namespace phosphene::testing
