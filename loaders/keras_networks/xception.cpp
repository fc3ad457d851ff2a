// Xception (F. Chollet, CVPR 2017). Epsilons are 1e-3. The convolutions of the shortcuts have numbers for names, in the order of the blocks.
#include <algorithm>

#include "loaders/keras_networks/keras_network.h"
#include "runtime/error.h"

namespace phosphene::keras_networks::xception {
namespace {

constexpr double kEpsilon = 1e-3;
constexpr int kBlocks = 14, kShortcuts = 4;

// The layers whose names begin so: "conv2d_1" ... "conv2d_4".
std::vector<std::string> numbered(const KerasWeights& weights, const std::string& prefix) {
  std::vector<std::string> names;
  for (const KerasLayerWeights& layer : weights.layers) {
    if (layer.layer == prefix || layer.layer.starts_with(prefix + "_")) names.push_back(layer.layer);
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

std::string recognise(const KerasWeights& weights) {
  const bool known = weights.find("block2_sepconv1") != nullptr && weights.find("block14_sepconv2") != nullptr &&
                     numbered(weights, "conv2d").size() == kShortcuts &&
                     numbered(weights, "batch_normalization").size() == kShortcuts;
  return known ? "xception" : "";
}

Value separable(Layers& m, const Value& src, const std::string& name) {
  return m.norm(m.separable(src, name), name + "_bn", kEpsilon);
}

// Blocks 2 to 13: a ReLU before each convolution but the very first, whose source had one.
Value block(Layers& m, const Value& src, int number, const Value& shortcut) {
  const std::string name = fmt::format("block{}", number);
  const bool halves = shortcut != src;
  Value x = src;
  for (int i = 1; i <= (halves ? 2 : 3); ++i) {
    const std::string layer = fmt::format("{}_sepconv{}", name, i);
    if (number > 2 || i > 1) x = m.relu(x, layer + "_act");
    x = separable(m, x, layer);
  }
  if (halves) x = m.max_pool(x, name + "_pool", 3, {.stride = 2});
  return m.add(x, shortcut, name + "_add");
}

source::Network build(KerasWeights& weights, const std::string& path, const std::string& member) {
  const std::vector<std::string> convolutions = numbered(weights, "conv2d"),
                                 norms = numbered(weights, "batch_normalization");
  Layers m(weights, path, member, 299);
  Value x = m.input();
  for (const char* name : {"block1_conv1", "block1_conv2"}) {
    x = m.conv(x, name, {.stride = name == std::string("block1_conv1") ? 2 : 1, .same = false});
    x = m.relu(m.norm(x, std::string(name) + "_bn", kEpsilon), std::string(name) + "_act");
  }
  size_t shortcuts = 0;
  for (int number = 2; number < kBlocks; ++number) {
    Value shortcut = x;
    if (number <= 4 || number == kBlocks - 1) {
      shortcut = m.conv(x, convolutions.at(shortcuts), {.stride = 2});
      shortcut = m.norm(shortcut, norms.at(shortcuts++), kEpsilon);
    }
    x = block(m, x, number, shortcut);
  }
  for (const char* name : {"block14_sepconv1", "block14_sepconv2"})
    x = m.relu(separable(m, x, name), std::string(name) + "_act");
  m.prepared_as("inception");
  return m.finish(x, "avg_pool", "predictions");
}

}  // namespace

KerasFamily family() { return {{"xception"}, recognise, build}; }

}  // namespace phosphene::keras_networks::xception
