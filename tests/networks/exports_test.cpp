// Networks exported to ONNX, in the folder that $PHOSPHENE_EXPORTS names (tests/golden/export_networks.py writes them): logits and one
// module's value against PyTorch's. Files are NAME.EXPORTER.onnx; NAME.golden.safetensors holds input, logits and inner, the value of
// the module that NAME.inner names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "loaders/load_model.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing::exports_test {
namespace {

// As in imported_files_test.cpp.
constexpr double kForward = 1e-4;

std::string line_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

void expect_export(const std::filesystem::path& path) {
  const std::filesystem::path stem = path.parent_path() / path.stem().stem();
  const auto golden = read_golden_tensors(stem.string() + ".golden.safetensors");
  const std::string inner = line_of(stem.string() + ".inner");
  const Model model = load_model(path.string());
  const std::string last = model.layers.back().name;
  const auto computed = activations(model, golden.at("input"), {last, inner});
  const std::map<std::string, std::string> names = {{"logits", last}, {"inner", inner}};
  for (const auto& [stored, layer] : names) {
    EXPECT_TRUE(near_largest(computed.at(layer).data, golden.at(stored).data, kForward)) << layer;
    std::cout << path.stem().string() << ' ' << layer << ": error "
              << measure(to_doubles(computed.at(layer).data), golden.at(stored).data).over_largest
              << " of the largest number, at most " << kForward << '\n';
  }
}

TEST(Exports, ComputeWhatPyTorchDoes) {
  const char* folder = std::getenv("PHOSPHENE_EXPORTS");
  if (folder == nullptr) GTEST_SKIP() << "PHOSPHENE_EXPORTS is not set";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    SCOPED_TRACE(entry.path().filename());
    ++files;
    EXPECT_NO_THROW(expect_export(entry.path())) << entry.path();
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace phosphene::testing::exports_test
