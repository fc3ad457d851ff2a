#include "tests/experiment/small_experiment.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include "experiment/config/parse_config.h"

#include "layers/network/convolution.h"
#include "layers/network/relu.h"
#include "loaders/model_file.h"

namespace phosphene::testing {
namespace {

namespace fs = std::filesystem;

// Multiples of 1 / 64 in [-1/2, 1/2), the same on every machine.
std::vector<float> random_weights(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> weights;
  for (int64_t i = 0; i < count; ++i) weights.push_back((static_cast<float>(generator() >> 26) - 32) / 64);
  return weights;
}

void append(Model& model, const std::string& name, const std::string& input, int64_t from, int64_t to, int64_t stride) {
  WindowAttributes window;
  window.r = window.s = 3;
  window.stride_h = window.stride_w = stride;
  window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = 1;
  std::vector<float> weights = random_weights(to * from * 9, static_cast<unsigned>(from * 100 + to));
  std::vector<float> bias(static_cast<size_t>(to), 0);
  if (name == "conv1") {
    std::fill(weights.begin() + 7 * from * 9, weights.end(), -1.F);
    bias[7] = -1e6F;
  } else if (name == "conv3") {
    std::fill(weights.begin() + 5 * from * 9, weights.end(), 1e14F);
  }
  model.layers.push_back(
      {name + ":pre",
       std::make_shared<Convolution>(window, 1, Weights::from(weights, {to, from, 3, 3}), Weights::from(bias, {to})),
       {input}});
  model.layers.push_back({name, std::make_shared<Relu>(), {name + ":pre"}});
}

}  // namespace

Model small_network(int64_t channels) {
  Model model;
  model.name = "small";
  model.height = model.width = 24;
  model.channels = channels;
  model.preprocessing = {std::vector<float>(static_cast<size_t>(channels), 255), {104, 117, 123, 110}, {}};
  model.preprocessing.mean.resize(static_cast<size_t>(channels));
  for (int64_t c = channels; c > 0; --c) model.preprocessing.order.push_back(static_cast<int>(c - 1));
  append(model, "conv1", Model::kInput, channels, 8, 1);
  append(model, "conv2", "conv1", 8, 8, 2);
  append(model, "conv3", "conv2", 8, 6, 1);
  return model;
}

Json small_config(const TemporaryFolder& folder, int64_t channels) {
  const std::string name = channels == 3 ? "small.safetensors" : fmt::format("small_{}.safetensors", channels);
  if (!fs::exists(folder.file(name))) save_model(small_network(channels), folder.file(name));
  Json config = Json::parse(R"({"objective": [{"channel": {"layer": "conv3:pre", "unit": 1}}], "steps": 12})");
  config["model"] = name;
  return config;
}

RunResult render(const TemporaryFolder& folder, const Json& config, const std::string& out, RunOptions options) {
  options.out = out;
  options.device.device = "cpu";
  if (options.device.threads == 0) options.device.threads = 1;
  return run(parse_config(config, "test.json", folder.path().string()), options);
}

std::map<std::string, std::string> files_of(const std::string& run_folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(run_folder)) {
    const std::string name = fs::relative(entry.path(), run_folder).string();
    if (entry.is_regular_file() && name != "timing.jsonl") files[name] = contents_of(entry.path().string());
  }
  return files;
}

std::map<std::string, std::string> results_of(const std::string& run_folder) {
  std::map<std::string, std::string> files = files_of(run_folder);
  std::erase_if(files, [](const auto& file) { return file.first.find('/') == std::string::npos; });
  return files;
}

Json record_of(const std::string& run_folder, const std::string& name) {
  return read_json(run_folder + "/records/" + name + ".json");
}

int colour_type(const std::string& png) { return contents_of(png).at(25); }

}  // namespace phosphene::testing
