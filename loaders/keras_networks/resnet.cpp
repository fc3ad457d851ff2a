// ResNet v1 (K. He et al., CVPR 2016) and v2 (K. He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016). In Keras' v1 the stride of a
// block is in its first 1x1 convolution, as in the paper, and convolutions have biases. The epsilon is 1.001e-5; under the names of before
// 2019 (res2a_branch2a), Keras' default of 1e-3. The two have other weights.
#include <map>

#include "loaders/keras_networks/keras_network.h"
#include "runtime/error.h"

namespace phosphene::keras_networks::resnet {
namespace {

constexpr double kEpsilon = 1.001e-5, kEpsilonOfOld = 1e-3;
constexpr int kFirstStage = 2, kLastStage = 5;

// How one of the two calls the layers of block `i`, from 1, of a stage.
struct Names {
  bool old = false;

  [[nodiscard]] std::string block(int stage, int i) const {
    return old ? fmt::format("{}{}", stage, static_cast<char>('a' + i - 1)) : fmt::format("conv{}_block{}", stage, i);
  }
  // Convolution 1 to 3; 0 is the shortcut's.
  [[nodiscard]] std::string conv(const std::string& block, int number) const {
    return old ? fmt::format("res{}_branch{}", block, old_part(number)) : fmt::format("{}_{}_conv", block, number);
  }
  [[nodiscard]] std::string norm(const std::string& block, int number) const {
    return old ? fmt::format("bn{}_branch{}", block, old_part(number)) : fmt::format("{}_{}_bn", block, number);
  }
  [[nodiscard]] std::string named(const std::string& block, const char* what) const {
    return old ? fmt::format("res{}_{}", block, what) : fmt::format("{}_{}", block, what);
  }

 private:
  static std::string old_part(int number) { return number == 0 ? "1" : fmt::format("2{}", "abc"[number - 1]); }
};

bool is_old(const KerasWeights& weights) { return weights.find("res2a_branch2a") != nullptr; }
bool is_v2(const KerasWeights& weights) { return weights.find("conv2_block1_preact_bn") != nullptr; }

std::vector<int> depths_of(const KerasWeights& weights, const Names& names) {
  std::vector<int> depths;
  for (int stage = kFirstStage; stage <= kLastStage; ++stage) {
    int depth = 0;
    while (weights.find(names.conv(names.block(stage, depth + 1), 1)) != nullptr) ++depth;
    depths.push_back(depth);
  }
  return depths;
}

std::string recognise(const KerasWeights& weights) {
  const bool old = is_old(weights);
  if (!old && weights.find("conv2_block1_3_conv") == nullptr) return "";
  static const std::map<std::vector<int>, const char*> known = {
      {{3, 4, 6, 3}, "resnet50"}, {{3, 4, 23, 3}, "resnet101"}, {{3, 8, 36, 3}, "resnet152"}};
  const auto found = known.find(depths_of(weights, {old}));
  if (found == known.end()) return "";
  return found->second + std::string(is_v2(weights) ? "v2" : "");
}

Value block(Layers& m, const Names& names, const Value& src, const std::string& name, int64_t stride) {
  const double epsilon = names.old ? kEpsilonOfOld : kEpsilon;
  const auto unit = [&](const Value& value, int number, int64_t step) {
    return m.norm(m.conv(value, names.conv(name, number), {.stride = step}), names.norm(name, number), epsilon);
  };
  const Value shortcut = m.has(names.conv(name, 0)) ? unit(src, 0, stride) : src;
  Value x = m.relu(unit(src, 1, stride), names.named(name, "1_relu"));
  x = m.relu(unit(x, 2, 1), names.named(name, "2_relu"));
  return m.relu(m.add(shortcut, unit(x, 3, 1), names.named(name, "add")), names.named(name, "out"));
}

// Norm and ReLU before the convolutions, and the stride in the last block of a stage.
Value block_v2(Layers& m, const Value& src, const std::string& name, int64_t stride) {
  const Value ready = m.relu(m.norm(src, name + "_preact_bn", kEpsilon), name + "_preact_relu");
  Value shortcut = src;
  if (m.has(name + "_0_conv"))
    shortcut = m.conv(ready, name + "_0_conv", {.stride = stride});
  else if (stride > 1)
    shortcut = m.max_pool(src, name + "_pool", 1, {.stride = stride, .same = false});
  Value x = m.relu(m.norm(m.conv(ready, name + "_1_conv"), name + "_1_bn", kEpsilon), name + "_1_relu");
  x = m.conv(m.pad(x, name + "_2_pad", zeros(1)), name + "_2_conv", {.stride = stride, .same = false});
  x = m.relu(m.norm(x, name + "_2_bn", kEpsilon), name + "_2_relu");
  return m.add(shortcut, m.conv(x, name + "_3_conv"), name + "_out");
}

source::Network build(KerasWeights& weights, const std::string& path, const std::string& member) {
  const Names names{is_old(weights)};
  const bool v2 = is_v2(weights);
  const double epsilon = names.old ? kEpsilonOfOld : kEpsilon;
  Layers m(weights, path, member, 224);
  Value x = m.pad(m.input(), "conv1_pad", zeros(3));
  x = m.conv(x, names.old ? "conv1" : "conv1_conv", {.stride = 2, .same = false});
  if (!v2) x = m.relu(m.norm(x, names.old ? "bn_conv1" : "conv1_bn", epsilon), "conv1_relu");
  x = m.max_pool(m.pad(x, "pool1_pad", zeros(1)), "pool1_pool", 3, {.stride = 2, .same = false});
  const std::vector<int> depths = depths_of(weights, names);
  for (int stage = kFirstStage; stage <= kLastStage; ++stage) {
    const int depth = depths.at(static_cast<size_t>(stage - kFirstStage));
    for (int i = 1; i <= depth; ++i) {
      const std::string name = names.block(stage, i);
      if (v2)
        x = block_v2(m, x, name, i == depth && stage != kLastStage ? 2 : 1);
      else
        x = block(m, names, x, name, i == 1 && stage != kFirstStage ? 2 : 1);
    }
  }
  if (v2) x = m.relu(m.norm(x, "post_bn", kEpsilon), "post_relu");
  if (v2) m.prepared_as("inception");
  return m.finish(x, "avg_pool", m.has("fc1000") ? "fc1000" : m.has("probs") ? "probs" : "predictions");
}

}  // namespace

KerasFamily family() {
  return {{"resnet50", "resnet101", "resnet152", "resnet50v2", "resnet101v2", "resnet152v2"}, recognise, build};
}

}  // namespace phosphene::keras_networks::resnet
