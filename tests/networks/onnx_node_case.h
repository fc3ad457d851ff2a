// One of ONNX's own tests of a node (https://github.com/onnx/onnx/tree/main/onnx/backend/test): a folder with model.onnx and, in
// test_data_set_0, input_0.pb ... and output_0.pb ... Here one of its inputs is the image, of whatever shape, and the others are constants;
// or all of them are parts of one image.
#pragma once

#include <filesystem>
#include <string>

namespace phosphene::testing {

enum class NodeOutcome { passes, refused, skipped, fails };

struct NodeResult {
  NodeOutcome outcome = NodeOutcome::skipped;
  std::string op;   // of its first node
  std::string why;  // what the importer says, or why the test is none for it, or what is wrong
};

// Passes if the network computes the numbers of the test in at least one of these forms and no other numbers in any. An error of ours, and
// anything thrown that is no Error, fails.
NodeResult run_node_case(const std::filesystem::path& folder);

}  // namespace phosphene::testing
