// DenseNet (G. Huang et al., CVPR 2017). Epsilons are 1.001e-5. Before 2020 its first layers were called conv1/conv and conv1/bn.
#include <map>

#include "loaders/keras_networks/keras_network.h"
#include "runtime/error.h"

namespace phosphene::keras_networks::densenet {
namespace {

constexpr double kEpsilon = 1.001e-5;
constexpr int kFirstStage = 2, kLastStage = 5;

std::string block_name(int stage, int i) { return fmt::format("conv{}_block{}", stage, i); }

std::vector<int> depths_of(const KerasWeights& weights) {
  std::vector<int> depths;
  for (int stage = kFirstStage; stage <= kLastStage; ++stage) {
    int depth = 0;
    while (weights.find(block_name(stage, depth + 1) + "_2_conv") != nullptr) ++depth;
    depths.push_back(depth);
  }
  return depths;
}

std::string recognise(const KerasWeights& weights) {
  if (weights.find("pool2_conv") == nullptr || weights.find("conv2_block1_0_bn") == nullptr) return "";
  static const std::map<std::vector<int>, const char*> known = {
      {{6, 12, 24, 16}, "densenet121"}, {{6, 12, 32, 32}, "densenet169"}, {{6, 12, 48, 32}, "densenet201"}};
  const auto found = known.find(depths_of(weights));
  return found == known.end() ? "" : found->second;
}

Value active(Layers& m, const Value& src, const std::string& norm, const std::string& relu) {
  return m.relu(m.norm(src, norm, kEpsilon), relu);
}

source::Network build(KerasWeights& weights, const std::string& path, const std::string& member) {
  const std::vector<int> depths = depths_of(weights);
  Layers m(weights, path, member, 224);
  const std::string first = m.has("conv1/conv") ? "conv1/" : "conv1_";
  Value x = m.conv(m.pad(m.input(), "zero_padding2d", zeros(3)), first + "conv", {.stride = 2, .same = false});
  x = active(m, x, first + "bn", first + "relu");
  x = m.max_pool(m.pad(x, "zero_padding2d_1", zeros(1)), "pool1", 3, {.stride = 2, .same = false});
  for (int stage = kFirstStage; stage <= kLastStage; ++stage) {
    for (int i = 1; i <= depths.at(static_cast<size_t>(stage - kFirstStage)); ++i) {
      const std::string name = block_name(stage, i);
      Value y = m.conv(active(m, x, name + "_0_bn", name + "_0_relu"), name + "_1_conv");
      y = m.conv(active(m, y, name + "_1_bn", name + "_1_relu"), name + "_2_conv");
      x = m.concat({x, y}, name + "_concat");
    }
    if (stage == kLastStage) break;
    const std::string pool = fmt::format("pool{}", stage);
    x = m.conv(active(m, x, pool + "_bn", pool + "_relu"), pool + "_conv");
    x = m.average_pool(x, pool + "_pool", 2, {.stride = 2, .same = false});
  }
  x = active(m, x, "bn", "relu");
  m.prepared_as("imagenet");
  return m.finish(x, "avg_pool", m.has("fc1000") ? "fc1000" : "predictions");
}

}  // namespace

KerasFamily family() { return {{"densenet121", "densenet169", "densenet201"}, recognise, build}; }

}  // namespace phosphene::keras_networks::densenet
