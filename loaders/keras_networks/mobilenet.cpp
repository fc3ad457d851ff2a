// MobileNet (A. Howard et al., "MobileNets", 2017) and MobileNet v2 (M. Sandler et al., CVPR 2018) of any width. Epsilons are 1e-3.
#include <set>

#include "loaders/keras_networks/keras_network.h"
#include "runtime/error.h"

namespace phosphene::keras_networks::mobilenet {
namespace {

constexpr double kEpsilon = 1e-3;
constexpr int kBlocks = 13, kBlocksOfV2 = 17;

std::string recognise(const KerasWeights& weights) {
  if (weights.find("expanded_conv_depthwise") != nullptr && weights.find("Conv_1") != nullptr) return "mobilenetv2";
  return weights.find("conv_dw_13") != nullptr ? "mobilenet" : "";
}

Value active(Layers& m, const Value& src, const std::string& norm, const std::string& relu) {
  return m.relu6(m.norm(src, norm, kEpsilon), relu);
}

source::Network build_v1(Layers& m) {
  Value x = active(m, m.conv(m.input(), "conv1", {.stride = 2}), "conv1_bn", "conv1_relu");
  static const std::set<int> halves = {2, 4, 6, 12};
  for (int i = 1; i <= kBlocks; ++i) {
    const std::string deep = fmt::format("conv_dw_{}", i), point = fmt::format("conv_pw_{}", i);
    // Whatever the size, the row and the column are added at the bottom and right: at odd sizes that is not SAME.
    if (halves.contains(i)) x = m.pad(x, fmt::format("conv_pad_{}", i), {0, 1, 0, 1});
    x = m.depthwise(x, deep, {.stride = halves.contains(i) ? 2 : 1, .same = !halves.contains(i)});
    x = active(m, x, deep + "_bn", deep + "_relu");
    x = active(m, m.conv(x, point), point + "_bn", point + "_relu");
  }
  if (!m.has("conv_preds")) return m.finish(x);  // the trunk alone
  x = m.conv(m.global_average(x, "global_average_pooling2d", true), "conv_preds");
  return m.finish(m.softmax(x, "predictions"));
}

source::Network build_v2(Layers& m, const KerasWeights& weights) {
  // Where a block keeps the size and the channels, its input is added.
  const auto channels = [&](const std::string& layer) {
    const KerasLayerWeights* found = weights.find(layer);
    return found == nullptr || found->dims[0].empty() ? 0 : found->dims[0].back();
  };
  Value x = active(m, m.conv(m.input(), "Conv1", {.stride = 2}), "bn_Conv1", "Conv1_relu");
  int64_t before = channels("Conv1");
  static const std::set<int> halves = {1, 3, 6, 13};
  for (int i = 0; i < kBlocksOfV2; ++i) {
    const std::string name = i == 0 ? "expanded_conv_" : fmt::format("block_{}_", i);
    const int64_t stride = halves.contains(i) ? 2 : 1;
    Value y = x;
    if (i > 0) y = active(m, m.conv(y, name + "expand"), name + "expand_BN", name + "expand_relu");
    y = m.depthwise(y, name + "depthwise", {.stride = stride});
    y = active(m, y, name + "depthwise_BN", name + "depthwise_relu");
    y = m.norm(m.conv(y, name + "project"), name + "project_BN", kEpsilon);
    const int64_t after = channels(name + "project");
    x = stride == 1 && before == after ? m.add(x, y, name + "add") : y;
    before = after;
  }
  x = active(m, m.conv(x, "Conv_1"), "Conv_1_bn", "out_relu");
  return m.finish(x, "global_average_pooling2d", m.has("Logits") ? "Logits" : "predictions");
}

source::Network build(KerasWeights& weights, const std::string& path, const std::string& member) {
  Layers m(weights, path, member, 224);
  m.prepared_as("inception");
  return member == "mobilenet" ? build_v1(m) : build_v2(m, weights);
}

}  // namespace

KerasFamily family() { return {{"mobilenet", "mobilenetv2"}, recognise, build}; }

}  // namespace phosphene::keras_networks::mobilenet
