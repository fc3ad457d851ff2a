// SqueezeNet 1.0 and 1.1 (F. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016) with torchvision's names,
// and 1.1 with those of its authors' Caffe network. Poolings round up, and a ReLU follows the last convolution, so that no logit is below 0.
#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::squeezenet {
namespace {

// SqueezeNet_v1.1/deploy.prototxt of github.com/forresti/SqueezeNet.
bool of_authors(const StateDict& dict) {
  const StateTensor* stem = dict.find("conv1.weight");
  return stem != nullptr && stem->dims == std::vector<int64_t>{64, 3, 3, 3} &&
         dict.find("fire2/squeeze1x1.weight") != nullptr && dict.find("conv10.weight") != nullptr;
}

std::vector<std::string> recognise(const StateDict& dict) {
  if (of_authors(dict)) return {"squeezenet_v1.1"};
  const StateTensor* stem = dict.find("features.0.weight");
  if (stem == nullptr || dict.find("features.3.squeeze.weight") == nullptr || stem->dims.size() != 4) return {};
  const int64_t size = stem->dims[2];
  const bool before = dict.find("features.5.squeeze.weight") != nullptr;  // where 1.1 has a pooling
  if (size == 7 && before) return {"squeezenet1_0"};
  return size == 3 && !before ? std::vector<std::string>{"squeezenet1_1"} : std::vector<std::string>{};
}

Value fire(Modules& m, const Value& src, const std::string& name) {
  const Value squeezed = m.relu(m.conv(src, name + ".squeeze", {.bias = true}), name + ".squeeze_activation");
  const Value one = m.relu(m.conv(squeezed, name + ".expand1x1", {.bias = true}), name + ".expand1x1_activation");
  const Value three = m.relu(m.conv(squeezed, name + ".expand3x3", {.bias = true}), name + ".expand3x3_activation");
  return m.concat({one, three}, name + ".concat");
}

constexpr Pool kPool{.size = 3, .stride = 2, .padding = 0, .ceil = true};

// A layer and its ReLU write one blob in Caffe: NAME is behind the ReLU, NAME:pre before it.
source::Network build_authors(const StateDict& dict, const std::string& member) {
  Modules m(dict, member, 227);
  const auto conv = [&](const Value& src, const std::string& name, Convolve how = {}) {
    how.bias = true;
    how.suffix = ":pre";
    return m.relu(m.conv(src, name, how), name);
  };
  Value x = m.max_pool(conv(m.input(), "conv1", {.stride = 2, .padding = 0}), "pool1", kPool);
  for (int i = 2; i <= 9; ++i) {
    const std::string fire = fmt::format("fire{}/", i);
    const Value squeezed = conv(x, fire + "squeeze1x1");
    const Value one = conv(squeezed, fire + "expand1x1");
    x = m.concat({one, conv(squeezed, fire + "expand3x3")}, fire + "concat");
    if (i == 3 || i == 5) x = m.max_pool(x, fmt::format("pool{}", i), kPool);
  }
  m.prepared_as("caffe", "as its authors trained SqueezeNet v1.1");
  return m.finish(m.global_average(conv(x, "conv10"), "pool10"));
}

source::Network build(const StateDict& dict, const std::string& member) {
  if (of_authors(dict)) return build_authors(dict, member);
  Modules m(dict, member);
  Value x = m.relu(m.conv(m.input(), "features.0", {.stride = 2, .padding = 0, .bias = true}), "features.1");
  for (int i = 2; i <= 12; ++i) {
    const std::string name = fmt::format("features.{}", i);
    x = m.has(name + ".squeeze.weight") ? fire(m, x, name) : m.max_pool(x, name, kPool);
  }
  if (!m.has("classifier.1.weight")) return m.finish(x);  // the trunk alone
  x = m.relu(m.conv(x, "classifier.1", {.bias = true}), "classifier.2");
  return m.finish(m.global_average(x, "classifier.3"));
}

}  // namespace

ArchitectureFamily family() {
  return {"squeezenet",
          "squeezenet1_0, squeezenet1_1, squeezenet_v1.1",
          {"squeezenet1_0", "squeezenet1_1", "squeezenet_v1.1"},
          "features.3.squeeze.weight fire2/squeeze1x1.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::squeezenet
