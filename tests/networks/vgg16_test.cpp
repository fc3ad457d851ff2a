// The trunk of VGG16 as packaged with HED, against float64 activations and gradients of PyTorch on a part of a
// photograph.
#include <gtest/gtest.h>

#include <cstdlib>

#include "loaders/load_model.h"
#include "tests/networks/network_run.h"
#include "tests/support/compare.h"

namespace phosphene::testing {
namespace {

const Model* vgg16() {
  static const std::optional<Model> model = []() -> std::optional<Model> {
    const char* path = std::getenv("PHOSPHENE_VGG16");
    if (path == nullptr || *path == '\0') return std::nullopt;
    return load_model(path, "", std::string(path).ends_with(".h5") ? "vgg16" : "");
  }();
  return model ? &*model : nullptr;
}

constexpr const char* kSkipped = "PHOSPHENE_VGG16 is not set: no converted VGG16 (`phosphene fetch vgg16` makes one)";

std::map<std::string, Array> golden() { return read_golden_tensors(PHOSPHENE_GOLDEN "/vgg16_golden.safetensors"); }

// The golden file holds every stride-th row and column of a map.
std::vector<float> thinned(const HostTensor& full, const Array& stored) {
  const int64_t c = full.dims[1], h = full.dims[2], w = full.dims[3], stride = h / stored.dims[2];
  std::vector<float> kept;
  for (int64_t channel = 0; channel < c; ++channel) {
    for (int64_t y = 0; y < h; y += stride) {
      for (int64_t x = 0; x < w; x += stride) kept.push_back(full.data[static_cast<size_t>((channel * h + y) * w + x)]);
    }
  }
  return kept;
}

TEST(Vgg16, ActivationsAreThoseOfFloat64) {
  if (vgg16() == nullptr) GTEST_SKIP() << kSkipped;
  const std::map<std::string, Array> stored = golden();
  const std::map<std::string, std::string> layers = {{"conv1_1", "conv1_1"},
                                                     {"conv3_3", "conv3_3"},
                                                     {"conv4_2", "conv4_2"},
                                                     {"conv4_2_pre_relu", "conv4_2:pre"},
                                                     {"conv5_3", "conv5_3"}};
  std::vector<std::string> names;
  for (const auto& [name, layer] : layers) names.push_back(layer);
  const auto computed = activations(*vgg16(), stored.at("input"), names);
  for (const auto& [name, layer] : layers) {
    SCOPED_TRACE(name);
    // Thirteen layers of float32 sums of up to 4608 products, each off by some 2^-24 sqrt(4608) = 4e-6 of its size.
    EXPECT_TRUE(near_largest(thinned(computed.at(layer), stored.at(name)), stored.at(name).data, 5e-5));
  }
}

TEST(Vgg16, InputGradientsAreThoseOfFloat64) {
  if (vgg16() == nullptr) GTEST_SKIP() << kSkipped;
  const std::map<std::string, Array> stored = golden();
  constexpr int kChannel = 30;
  for (const auto& [layer, name] : std::map<std::string, std::string>{
           {"conv4_2", "grad_mean_conv4_2_30"}, {"conv4_2:pre", "grad_mean_conv4_2_pre_relu_30"}}) {
    for (const bool narrowed : {false, true}) {
      SCOPED_TRACE(layer + (narrowed ? ", by the unit's block alone" : ""));
      const InputGradient computed =
          input_gradient(*vgg16(), stored.at("input"), {.layer = layer, .unit = kChannel, .narrowed = narrowed});
      // Rounding moves the median by 1e-6 of the largest; a pool's choice or a ReLU's sign that it turns moves single
      // numbers far.
      EXPECT_TRUE(near_median(computed.gradient, stored.at(name).data, 2e-6));
      EXPECT_TRUE(near_l2(computed.gradient, stored.at(name).data, 1e-2));
    }
  }
}

}  // namespace
}  // namespace phosphene::testing
