// Networks that scripts/write_networks.py wrote with torchvision, timm or Keras, as files of weights, against float64 results of those. They are too
// large to keep, so the script writes one after the other and runs this test on each; without its folder the test skips.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "loaders/load_model.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace {

// As models/architectures/README.md of the assets has it: ten times the error of PyTorch's own float32, at least 1e-5. A wrong epsilon changes 5e-4 and
// more.
double tolerance_of(const nlohmann::json& described) {
  constexpr double kLeast = 1e-5, kTimes = 10;
  return std::max(kLeast, kTimes * described.value("float32_error", 0.));
}

void expect_written(const std::filesystem::path& description) {
  std::ifstream file(description);
  const nlohmann::json described = nlohmann::json::parse(file);
  const std::filesystem::path folder = description.parent_path();
  const auto golden = read_golden_tensors(folder / described.at("golden").get<std::string>());
  const Model model = load_model((folder / described.at("weights").get<std::string>()).string(), "",
                                 described.value("architecture", ""));
  Array input = golden.at("input");
  std::vector<std::string> layers{model.layers.back().name};
  for (const auto& [name, array] : golden) {
    if (name != "input" && name != "output") layers.push_back(name);
  }
  const auto computed = activations(model, input, layers);
  for (const std::string& layer : layers) {
    const bool last = layer == layers.front();
    const Array& expected = golden.at(last ? "output" : layer);
    const std::vector<float>& actual = computed.at(layer).data;
    ASSERT_EQ(actual.size(), expected.data.size()) << layer;
    std::printf("%-28s %-10s %-32s %.1e  %s\n", description.stem().c_str(), described.value("architecture", "").c_str(),
                last ? "output" : layer.c_str(), measure(to_doubles(actual), expected.data).relative_l2,
                last && !model.notes.empty() ? model.notes[0].c_str() : "");
    EXPECT_TRUE(near_l2(actual, expected.data, tolerance_of(described))) << description << " " << layer;
  }
}

TEST(WrittenNetworks, ComputeWhatTheirProgramsDo) {
  const char* folder = std::getenv("PHOSPHENE_WRITTEN_NETWORKS");
  if (folder == nullptr) GTEST_SKIP() << "scripts/write_networks.py gives PHOSPHENE_WRITTEN_NETWORKS";
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "config.json") continue;
    expect_written(entry.path());
    ++count;
  }
  EXPECT_GT(count, 0U);
}

}  // namespace
}  // namespace phosphene::testing
