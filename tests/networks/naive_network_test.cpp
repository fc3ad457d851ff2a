// The whole of GoogLeNet by naive double loops against float64 gradients of another framework. What holds here holds for the
// loader, the loops that single ops are tested with, and the rules by which gradients meet.
#include <gtest/gtest.h>

#include <fstream>

#include "loaders/load_model.h"
#include "tests/reference/network.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene {
namespace {

using reference::NaiveNetwork;
using reference::Tensor;
using testing::Array;

// The derivative of a golden case's objective with respect to the layer it reads.
Tensor cotangent_of(const nlohmann::json& golden, const Tensor& value) {
  Tensor cotangent(value.shape);
  const Shape& shape = value.shape;
  const std::string objective = golden.at("objective");
  if (objective == "channel") {
    const int64_t channel = golden.at("channel");
    std::fill_n(cotangent.plane(0, channel), shape.h * shape.w, 1.0 / static_cast<double>(shape.h * shape.w));
  } else if (objective == "neuron") {
    cotangent.plane(0, golden.at("channel"))[shape.h / 2 * shape.w + shape.w / 2] = 1;
  } else if (objective == "deepdream") {
    for (size_t i = 0; i < value.data.size(); ++i)
      cotangent.data[i] = 2 * value.data[i] / static_cast<double>(value.data.size());
  } else {
    *cotangent.plane(0, golden.at("class")) = 1;
  }
  return cotangent;
}

TEST(NaiveNetwork, GoogLeNetHasTheGoldenGradients) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(topology, "models/googlenet_deploy.prototxt");
  PHOSPHENE_ASSET(table, "reference/golden/input_gradients.json");
  const Model model = load_model(weights, topology);
  auto tensors = testing::read_golden_tensors(std::filesystem::path(table).replace_extension("safetensors"));
  std::ifstream file(table);
  const nlohmann::json index = nlohmann::json::parse(file);

  const Array& crop = tensors.at("input/parrots128x160");
  NaiveNetwork network(model, {crop.shape(), crop.data});
  int compared = 0;
  for (const nlohmann::json& golden : index.at("cases")) {
    if (golden.at("input") != "parrots128x160" || golden.at("objective") == "direction") continue;
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const std::string layer = golden.at("objective") == "class_probability" ? "prob" : golden.at("layer");
    const Tensor gradient = network.input_gradient(layer, cotangent_of(golden, network.value(layer)));
    // The table is stored as float32: 6e-8 of each element; and LRN's alpha is a float here, 3e-8 off.
    EXPECT_TRUE(testing::near_l2(gradient.data, tensors.at(golden.at("tensor")).data, 1e-6));
    ++compared;
  }
  EXPECT_EQ(compared, 12);
}

}  // namespace
}  // namespace phosphene
