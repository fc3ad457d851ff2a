// Networks of keras.applications as files of weights: their layers are listed in tests/golden/keras_networks.json, their numbers follow from the layers'
// names, and what they compute is Keras'.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "loaders/load_model.h"
#include "tests/loaders/hdf5_writer.h"
#include "tests/networks/architecture_formula.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::keras_networks_test {
namespace {

// As in more_architectures_test.cpp: ten times what float32 sums in two orders differ by, 2e-6. An epsilon of 1e-3 for 1.001e-5 changes 5e-4 a norm.
constexpr double kForward = 2e-5;

struct Layer {
  std::string name;
  std::vector<std::vector<int64_t>> dims;  // of its weights
};

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<Layer> layers_of(const nlohmann::json& described) {
  std::vector<Layer> layers;
  for (const std::string& item : parts_of(described.at("layers"), ';')) {
    const std::vector<std::string> words = parts_of(item, ' ');
    Layer layer{words.at(0), {}};
    for (const std::string& shape : parts_of(words.at(1), ',')) {
      std::vector<int64_t> dims;
      for (const std::string& size : parts_of(shape, 'x')) dims.push_back(std::stoll(size));
      layer.dims.push_back(std::move(dims));
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

// kind() of make_keras_networks_golden.py: norms have four weights, or three without a scale.
std::vector<float> numbers_of(const Layer& layer, size_t index) {
  const std::string name = fmt::format("{}/{}", layer.name, index);
  const std::vector<int64_t>& dims = layer.dims[index];
  if (dims.size() == 1) {
    const char* const kinds[] = {"norm_weight", "norm_bias", "norm_mean", "norm_var"};
    const size_t count = layer.dims.size();
    return formula_tensor(name, dims, count < 3 ? "bias" : kinds[index + 4 - count]);
  }
  int64_t all = 1;
  for (const int64_t size : dims) all *= size;
  const bool separable = layer.dims.size() > 1 && layer.dims[1].size() == 4;
  const bool depthwise = layer.name.find("depthwise") != std::string::npos || layer.name.starts_with("conv_dw") ||
                         (separable && index == 0);
  const int64_t fan_in = depthwise ? dims[0] * dims[1] : all / dims.back();
  return formula_tensor(name, {all / fan_in, fan_in}, "weight");
}

std::vector<hsize_t> sizes_of(const std::vector<int64_t>& dims) { return {dims.begin(), dims.end()}; }

// As Keras 1 and 2 lay weights out.
void write_named(const std::vector<Layer>& layers, const std::string& path) {
  Hdf5Writer file(path);
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  file.texts("/", "layer_names", names);
  for (const Layer& layer : layers) {
    std::vector<std::string> weights;
    file.group(layer.name);
    for (size_t i = 0; i < layer.dims.size(); ++i) {
      weights.push_back(fmt::format("{}_W{}:0", parts_of(layer.name, '/').back(), i));
      file.add(fmt::format("{}/{}", layer.name, weights.back()), sizes_of(layer.dims[i]), numbers_of(layer, i));
    }
    file.texts(layer.name, "weight_names", weights);
  }
}

// As Keras 3 does.
void write_counted(const std::vector<Layer>& layers, const std::string& path) {
  Hdf5Writer file(path);
  for (size_t number = 0; number < layers.size(); ++number) {
    const std::string vars = fmt::format("layers/layer_{}/vars", number);
    for (size_t i = 0; i < layers[number].dims.size(); ++i)
      file.add(fmt::format("{}/{}", vars, i), sizes_of(layers[number].dims[i]), numbers_of(layers[number], i));
    file.text(vars, "name", layers[number].name);
  }
}

const std::vector<nlohmann::json>& cases() {
  static const auto all = [] {
    std::ifstream file(PHOSPHENE_GOLDEN "/keras_networks.json");
    return nlohmann::json::parse(file).at("cases").get<std::vector<nlohmann::json>>();
  }();
  return all;
}

std::vector<float> logits_of(const Model& model, const nlohmann::json& described) {
  Array input;
  input.dims = described.at("input").get<std::vector<int64_t>>();
  for (const float number : formula_tensor("input", input.dims, "input")) input.data.push_back(number);
  return activations(model, input, {model.logits()}).begin()->second.data;
}

class KerasNetworks : public ::testing::TestWithParam<size_t> {};

TEST_P(KerasNetworks, AreRecognisedAndComputeWhatKerasDoes) {
  const nlohmann::json& described = cases().at(GetParam());
  const std::string member = described.at("member");
  const auto expected = described.at("output").get<std::vector<double>>();
  std::vector<Layer> layers = layers_of(described);
  const TemporaryFolder folder;
  write_named(layers, folder.file("named.h5"));
  write_counted(layers, folder.file("counted.weights.h5"));
  for (const char* file : {"named.h5", "counted.weights.h5"}) {
    SCOPED_TRACE(file);
    const Model model = load_model(folder.file(file));
    EXPECT_TRUE(near_l2(logits_of(model, described), expected, kForward));
    EXPECT_NE(model.notes.at(0).find("recognised as " + member), std::string::npos);
  }
  EXPECT_TRUE(near_l2(logits_of(load_model(folder.file("named.h5"), "", member), described), expected, kForward));
  EXPECT_TRUE(refuses([&] { load_model(folder.file("named.h5"), "", "vgg16"); }, {"expected vgg16", member}));
  layers.push_back({"another", {{3}}});
  write_named(layers, folder.file("more.h5"));
  EXPECT_TRUE(refuses([&] { load_model(folder.file("more.h5")); }, {member, "has no layer 'another'"}));
}

TEST_P(KerasNetworks, WithoutTheirTop) {
  std::vector<Layer> layers = layers_of(cases().at(GetParam()));
  ASSERT_EQ(std::erase_if(layers,
                          [](const Layer& layer) {
                            return layer.name == "predictions" || layer.name == "conv_preds" || layer.name == "fc1000";
                          }),
            1U);
  const TemporaryFolder folder;
  write_named(layers, folder.file("notop.h5"));
  const Model model = load_model(folder.file("notop.h5"));
  EXPECT_THROW(static_cast<void>(model.logits()), Error);
}

INSTANTIATE_TEST_SUITE_P(Cases, KerasNetworks, ::testing::Range(size_t{0}, size_t{8}),
                         [](const ::testing::TestParamInfo<size_t>& one) {
                           return fmt::format("{}_{}", one.param,
                                              cases().at(one.param).at("member").get<std::string>());
                         });

TEST(KerasNetworks, AreAllTried) { EXPECT_EQ(cases().size(), 8U); }

}  // namespace
}  // namespace phosphene::testing::keras_networks_test
