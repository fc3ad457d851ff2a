// BVLC GoogLeNet, read from Caffe's own files, against Caffe's activations and float64 gradients of PyTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "loaders/load_model.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace {

const Model* googlenet() {
  static const std::optional<Model> model = []() -> std::optional<Model> {
    const auto weights = find_asset("models/bvlc_googlenet.caffemodel");
    if (!weights) return std::nullopt;
    return load_model(weights->string(), find_asset("models/googlenet_deploy.prototxt")->string(), "",
                      find_asset("models/imagenet_synset_words.txt")->string());
  }();
  return model ? &*model : nullptr;
}

// Some blobs are stored under the layer's name with '_' for '/'.
std::string layer_stored_as(const Model& model, const std::string& stored) {
  for (const Layer& layer : model.layers) {
    std::string flat = layer.name;
    std::replace(flat.begin(), flat.end(), '/', '_');
    if (layer.name == stored || flat == stored) return layer.name;
  }
  return "";
}

TEST(GoogleNet, ActivationsAreCaffes) {
  PHOSPHENE_ASSET(path, "models/bvlc_googlenet_golden.safetensors");
  const Model& model = *googlenet();
  std::map<std::string, Array> stored = read_golden_tensors(path);
  const Array input = stored.at("data");
  stored.erase("data");
  std::vector<std::string> layers;
  for (const auto& [name, blob] : stored) layers.push_back(layer_stored_as(model, name));
  const auto computed = activations(model, input, layers);
  ASSERT_EQ(stored.size(), 23U);
  size_t i = 0;
  for (const auto& [name, blob] : stored) {
    SCOPED_TRACE(name);
    // Caffe summed in float32 in another order: up to 22 layers of sums of at most 1600 products, each off by some
    // 2^-24 sqrt(1600) of its size, add up to 5e-5 of the layer's largest number.
    EXPECT_TRUE(near_largest(computed.at(layers[i++]).data, blob.data, 1e-4));
  }
}

TEST(GoogleNet, SeesEspressoInACupOfCoffee) {
  PHOSPHENE_ASSET(path, "models/bvlc_googlenet_golden.safetensors");
  const Model& model = *googlenet();
  const std::vector<float> probability =
      activations(model, read_golden_tensors(path).at("data"), {"prob"}).at("prob").data;
  const auto first = std::max_element(probability.begin(), probability.end());
  EXPECT_EQ(first - probability.begin(), 967);
  EXPECT_NEAR(*first, 0.9949,
              1e-3);  // the golden file gives 0.9949; |dp| <= p (1 - p) |d logit|, with logits to 1e-4 of 20
  EXPECT_EQ(model.class_index("espresso"), 967);
  EXPECT_EQ(model.logits(), "loss3/classifier");
}

// A case of the table as an objective, or nothing for the penalties, which are about an image.
std::optional<NetworkObjective> to_objective(const nlohmann::json& described, const Array& direction, double images) {
  const std::string kind = described["objective"];
  NetworkObjective objective{.layer = described.value("layer", "")};
  if (kind == "channel" || kind == "neuron") {
    objective.unit = described["channel"];
    objective.at_centre = kind == "neuron";
    objective.weight = static_cast<float>(1 / images);  // the table's value is the mean over the batch
  } else if (kind == "class_logit" || kind == "class_probability") {
    objective.unit = described["class"];
    if (kind == "class_probability") objective.layer = "prob";
  } else if (kind == "deepdream" || kind == "diversity") {
    objective.kind = kind == "deepdream" ? ObjectiveKind::layer : ObjectiveKind::diversity;
    objective.weight = static_cast<float>(1 / images);
  } else if (kind == "direction") {
    objective.kind = ObjectiveKind::direction;
    objective.direction = direction.floats();
    objective.power = described["power"];
  } else {
    return std::nullopt;
  }
  return objective;
}

void expect_gradient(const InputGradient& computed, const nlohmann::json& described, const Array& expected) {
  if (described["gradient_max_abs"] == 0.0) {  // a silent unit: exactly zero
    EXPECT_EQ(computed.value, 0);
    EXPECT_TRUE(same_numbers(computed.gradient, expected.data));
    return;
  }
  // The table derives its tolerances: the median from float32 rounding; the norm from the one max-pool choice or ReLU
  // sign in a million that rounding turns.
  const nlohmann::json& tolerance = described["suggested_tolerance"];
  const double value = described["value"];
  EXPECT_NEAR(computed.value, value, std::abs(value) * tolerance["value_relative"].get<double>());
  EXPECT_TRUE(near_median(computed.gradient, expected.data, tolerance["median_abs_error_over_max_abs_gradient"]));
  EXPECT_TRUE(near_l2(computed.gradient, expected.data, tolerance["relative_l2"]));
}

TEST(GoogleNet, InputGradientsAreThoseOfFloat64) {
  PHOSPHENE_ASSET(index, "reference/golden/input_gradients.json");
  PHOSPHENE_ASSET(tensors_path, "reference/golden/input_gradients.safetensors");
  const std::map<std::string, Array> tensors = read_golden_tensors(tensors_path);
  std::ifstream index_file(index);
  const nlohmann::json table = nlohmann::json::parse(index_file);
  int compared = 0, narrowed = 0;
  for (const nlohmann::json& described : table["cases"]) {
    SCOPED_TRACE(described["name"].get<std::string>());
    const Array& input = tensors.at("input/" + described["input"].get<std::string>());
    auto objective = to_objective(described, tensors.at("direction_528"), static_cast<double>(input.dims[0]));
    if (!objective) continue;
    expect_gradient(input_gradient(*googlenet(), input, *objective), described, tensors.at(described["tensor"]));
    ++compared;
    if (objective->kind != ObjectiveKind::unit) continue;
    SCOPED_TRACE("by the unit's branch and block alone");
    objective->narrowed = true;
    expect_gradient(input_gradient(*googlenet(), input, *objective), described, tensors.at(described["tensor"]));
    ++narrowed;
  }
  EXPECT_EQ(compared, 29);
  EXPECT_GT(narrowed, 10);
}

}  // namespace
}  // namespace phosphene::testing
