// ResNet (K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016), ResNeXt (S. Xie et al., CVPR 2017) and Wide ResNet
// (S. Zagoruyko and N. Komodakis, BMVC 2016), with torchvision's names. The stride of a bottleneck is in its 3x3 convolution.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::resnet {
namespace {

std::vector<int> depths_of(const StateDict& dict) {
  std::vector<int> depths;
  for (int stage = 1; stage <= 4; ++stage) {
    int depth = 0;
    while (dict.find(fmt::format("layer{}.{}.conv1.weight", stage, depth)) != nullptr) ++depth;
    depths.push_back(depth);
  }
  return depths;
}

std::string recognise(const StateDict& dict) {
  const StateTensor *stem = dict.find("conv1.weight"), *middle = dict.find("layer1.0.conv2.weight");
  if (stem == nullptr || middle == nullptr || dict.find("bn1.running_mean") == nullptr || middle->dims.size() != 4)
    return "";
  const bool bottleneck = dict.find("layer1.0.conv3.weight") != nullptr;
  const int64_t width = middle->dims[0], per_group = middle->dims[1];
  const std::vector<int> depths = depths_of(dict);
  const std::map<std::vector<int>, int> names = {
      {{2, 2, 2, 2}, 18}, {{3, 4, 6, 3}, bottleneck ? 50 : 34}, {{3, 4, 23, 3}, 101}, {{3, 8, 36, 3}, 152}};
  const auto depth = names.find(depths);
  if (depth == names.end() || bottleneck != (depth->second >= 50)) return "";
  if (per_group != width) return fmt::format("resnext{}_{}x{}d", depth->second, width / per_group, per_group);
  if (bottleneck && width == 128) return fmt::format("wide_resnet{}_2", depth->second);
  return width == 64 ? fmt::format("resnet{}", depth->second) : "";
}

Value block(Modules& m, const Value& src, const std::string& name, int64_t stride) {
  const bool bottleneck = m.has(name + ".conv3.weight");
  Value x = m.conv(src, name + ".conv1", {.stride = bottleneck ? 1 : stride});
  x = m.relu(m.norm(x, name + ".bn1"), name + ".relu");
  x = m.norm(m.conv(x, name + ".conv2", {.stride = bottleneck ? stride : 1}), name + ".bn2");
  if (bottleneck) {
    x = m.relu(x, name + ".relu_1");
    x = m.norm(m.conv(x, name + ".conv3"), name + ".bn3");
  }
  Value shortcut = src;
  if (stride != 1 || m.channels(src) != m.channels(x)) {
    shortcut = m.conv(src, name + ".downsample.0", {.stride = stride});
    shortcut = m.norm(shortcut, name + ".downsample.1");
  }
  return m.relu(m.add(x, shortcut, name + ".add"), name + (bottleneck ? ".relu_2" : ".relu_1"));
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = m.relu(m.norm(m.conv(m.input(), "conv1", {.stride = 2}), "bn1"), "relu");
  x = m.max_pool(x, "maxpool", {.size = 3, .stride = 2, .padding = 1});
  for (int stage = 1; stage <= 4; ++stage) {
    const int depth = depths_of(dict)[static_cast<size_t>(stage - 1)];
    for (int i = 0; i < depth; ++i) x = block(m, x, fmt::format("layer{}.{}", stage, i), stage > 1 && i == 0 ? 2 : 1);
  }
  return m.finish(m.linear(m.global_average(x, "avgpool"), "fc"));
}

}  // namespace

ArchitectureFamily family() {
  return {"resnet",
          "resnet18, resnet34, resnet50, resnet101, resnet152, resnext50_32x4d, resnext101_32x8d, wide_resnet50_2, "
          "wide_resnet101_2",
          recognise, build};
}

}  // namespace phosphene::architectures::resnet
