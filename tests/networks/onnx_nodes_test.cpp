// ONNX's own tests of nodes, in the folders that $PHOSPHENE_ONNX_NODES names, ':' between them (scripts/check_packages.sh fetches them).
// What the importer takes must be right; tests/golden/onnx_nodes.txt lists what it must take. The others it must refuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "tests/networks/onnx_node_case.h"

namespace phosphene::testing::onnx_nodes_test {
namespace {

std::vector<std::filesystem::path> cases_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::set<std::string> names_that_pass() {
  std::ifstream file(PHOSPHENE_GOLDEN "/onnx_nodes.txt");
  std::set<std::string> names;
  for (std::string name; std::getline(file, name);) names.insert(name);
  return names;
}

const char* word_of(NodeOutcome outcome) {
  switch (outcome) {
    case NodeOutcome::passes:
      return "passes";
    case NodeOutcome::refused:
      return "refused";
    case NodeOutcome::skipped:
      return "skipped";
    default:
      return "FAILS";
  }
}

TEST(OnnxNodes, AreRightOrRefused) {
  const char* folders = std::getenv("PHOSPHENE_ONNX_NODES");
  if (folders == nullptr) GTEST_SKIP() << "PHOSPHENE_ONNX_NODES is not set";
  const std::set<std::string> must_pass = names_that_pass();
  ASSERT_FALSE(must_pass.empty());
  std::map<NodeOutcome, int> counts;
  std::istringstream list(folders);
  for (std::string folder; std::getline(list, folder, ':');) {
    for (const std::filesystem::path& path : cases_in(folder)) {
      const std::string name = path.filename().string();
      const NodeResult result = run_node_case(path);
      ++counts[result.outcome];
      std::cout << word_of(result.outcome) << ' ' << name << ' ' << result.op << ": " << result.why << '\n';
      EXPECT_NE(result.outcome, NodeOutcome::fails) << path << ": " << result.why;
      const bool newer = result.why.find("is of opset") != std::string::npos;
      EXPECT_TRUE(!must_pass.contains(name) || newer || result.outcome == NodeOutcome::passes)
          << path << ": " << result.why;
    }
  }
  for (const auto& [outcome, count] : counts) std::cout << word_of(outcome) << " in all: " << count << '\n';
  EXPECT_GT(counts[NodeOutcome::passes], 0);
}

}  // namespace
}  // namespace phosphene::testing::onnx_nodes_test
