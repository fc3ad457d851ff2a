// ResNet (K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016), ResNeXt (S. Xie et al., CVPR 2017), Wide ResNet
// (S. Zagoruyko and N. Komodakis, BMVC 2016) and, as timm has them, with gates (J. Hu et al., CVPR 2018), stems of three convolutions and
// averaging shortcuts (T. He et al., "Bag of Tricks", CVPR 2019). Blocks, widths and groups are those of the tensors, whichever they are. The
// stride of a bottleneck is in its 3x3 convolution.
#include <algorithm>
#include <map>
#include <optional>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::resnet {
namespace {

enum class Stem : uint8_t {
  plain,  // conv1, 7x7
  deep,   // conv1.0, conv1.3 and conv1.6, 3x3
  small   // conv1, 3x3: its stride, and whether a pooling follows, nobody can tell
};

struct Traits {
  std::vector<int> depths;  // of the stages
  bool bottleneck = false, gate = false;
  bool averages = false;   // the shortcuts, before their convolution
  bool pool_conv = false;  // a convolution in place of the max pooling (I. Bello et al., "Revisiting ResNets", 2021)
  Stem stem = Stem::plain;
  int64_t stem_first = 0, stem_second = 0;  // channels of a deep stem
  int64_t width = 0, per_group = 0;         // of the first 3x3 convolution
};

std::vector<int> depths_of(const StateDict& dict) {
  std::vector<int> depths;
  for (int stage = 1; dict.find(fmt::format("layer{}.0.conv1.weight", stage)) != nullptr; ++stage) {
    int depth = 0;
    while (dict.find(fmt::format("layer{}.{}.conv1.weight", stage, depth)) != nullptr) ++depth;
    depths.push_back(depth);
  }
  return depths;
}

const StateTensor* convolution(const StateDict& dict, const std::string& name) {
  const StateTensor* tensor = dict.find(name + ".weight");
  return tensor != nullptr && tensor->dims.size() == 4 ? tensor : nullptr;
}

std::optional<Traits> traits_of(const StateDict& dict) {
  const StateTensor *plain = convolution(dict, "conv1"), *deep = convolution(dict, "conv1.0"),
                    *second = convolution(dict, "conv1.3"), *middle = convolution(dict, "layer1.0.conv2");
  if (middle == nullptr || dict.find("bn1.running_mean") == nullptr) return std::nullopt;
  Traits traits;
  if (plain != nullptr) {
    traits.stem = plain->dims[2] == 7 ? Stem::plain : Stem::small;
  } else if (deep != nullptr && second != nullptr && convolution(dict, "conv1.6") != nullptr) {
    traits.stem = Stem::deep;
    traits.stem_first = deep->dims[0];
    traits.stem_second = second->dims[0];
  } else {
    return std::nullopt;
  }
  traits.depths = depths_of(dict);
  traits.bottleneck = convolution(dict, "layer1.0.conv3") != nullptr;
  traits.gate = convolution(dict, "layer1.0.se.fc1") != nullptr;
  traits.averages = convolution(dict, "layer2.0.downsample.1") != nullptr;
  traits.pool_conv = convolution(dict, "maxpool.0") != nullptr;
  traits.width = middle->dims[0];
  traits.per_group = middle->dims[1];
  return traits;
}

// "50", or the depths of the stages where nobody gave the network a number.
std::string number_of(const Traits& traits) {
  static const std::map<std::vector<int>, std::pair<int, int>> numbers = {
      // of plain blocks and of bottlenecks
      {{1, 1, 1, 1}, {10, 14}},  {{2, 2, 2, 2}, {18, 26}},  {{3, 4, 6, 3}, {34, 50}},
      {{3, 4, 23, 3}, {0, 101}}, {{3, 8, 36, 3}, {0, 152}}, {{3, 24, 36, 3}, {0, 200}}};
  const auto found = numbers.find(traits.depths);
  const int number = found == numbers.end() ? 0 : traits.bottleneck ? found->second.second : found->second.first;
  return number > 0 ? std::to_string(number) : fmt::format("_{}", fmt::join(traits.depths, "_"));
}

// "d" and the like, as timm calls the stems.
std::string stem_called(const Traits& traits) {
  if (traits.stem != Stem::deep) return traits.averages ? "_avg" : "";
  if (traits.averages && traits.stem_second == 32) return traits.stem_first == 32 ? "d" : "t";
  if (!traits.averages && traits.stem_first == traits.stem_second) return traits.stem_first == 64 ? "s" : "c";
  return "_deep";
}

std::string name_of(const Traits& traits) {
  const std::string gate = traits.gate ? "se" : "", number = number_of(traits), stem = stem_called(traits);
  if (traits.gate && traits.pool_conv && traits.stem == Stem::deep && traits.averages) return "resnetrs" + number;
  const int64_t groups = traits.width / std::max<int64_t>(traits.per_group, 1);
  if (groups > 1) return fmt::format("{}resnext{}{}_{}x{}d", gate, number, stem, groups, traits.per_group);
  if (traits.bottleneck && traits.width == 128) return fmt::format("{}wide_resnet{}{}_2", gate, number, stem);
  return fmt::format("{}resnet{}{}{}", gate, number, stem,
                     traits.width == 64 ? "" : fmt::format("_width{}", traits.width));
}

std::vector<std::string> recognise(const StateDict& dict) {
  const std::optional<Traits> traits = traits_of(dict);
  if (!traits) return {};
  return {name_of(*traits)};
}

// In front of the sum of a block with a stride or other channels.
Value shortcut(Modules& m, const Value& src, const std::string& name, int64_t stride, bool averages) {
  if (!averages) return m.norm(m.conv(src, name + ".0", {.stride = stride}), name + ".1");
  const Pool pool{.size = stride, .stride = stride, .ceil = true, .counts_padding = false};
  const Value x = stride == 1 ? src : m.average_pool(src, name + ".0", pool);
  return m.norm(m.conv(x, name + ".1"), name + ".2");
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
  if (m.has(name + ".se.fc1.weight")) x = m.squeeze_excite(x, name + ".se", "Relu", "Sigmoid");
  const bool changes = stride != 1 || m.channels(src) != m.channels(x);
  const bool averages = m.has(name + ".downsample.2.weight");
  const Value other = changes ? shortcut(m, src, name + ".downsample", stride, averages) : src;
  return m.relu(m.add(x, other, name + ".add"), name + (bottleneck ? ".relu_2" : ".relu_1"));
}

Value stem(Modules& m, const Traits& traits) {
  Value x = m.input();
  if (traits.stem == Stem::deep) {
    x = m.relu(m.norm(m.conv(x, "conv1.0", {.stride = 2}), "conv1.1"), "conv1.2");
    x = m.relu(m.norm(m.conv(x, "conv1.3"), "conv1.4"), "conv1.5");
    x = m.conv(x, "conv1.6");
  } else {
    x = m.conv(x, "conv1", {.stride = 2});
  }
  x = m.relu(m.norm(x, "bn1"), "relu");
  if (!traits.pool_conv) return m.max_pool(x, "maxpool", {.size = 3, .stride = 2, .padding = 1});
  return m.relu(m.norm(m.conv(x, "maxpool.0", {.stride = 2}), "maxpool.1"), "maxpool.2");
}

source::Network build(const StateDict& dict, const std::string& member) {
  const Traits traits = traits_of(dict).value();
  if (traits.stem == Stem::small) {
    const std::vector<int64_t>& size = dict.at("conv1.weight").dims;
    fail(dict.path,
         "holds a ResNet whose first convolution is {}x{}: its stride, and whether a pooling follows, are not in the "
         "file (expected 7x7). Export it to ONNX",
         size[2], size[3]);
  }
  Modules m(dict, member);
  Value x = stem(m, traits);
  for (size_t stage = 1; stage <= traits.depths.size(); ++stage) {
    for (int i = 0; i < traits.depths[stage - 1]; ++i)
      x = block(m, x, fmt::format("layer{}.{}", stage, i), stage > 1 && i == 0 ? 2 : 1);
  }
  return m.finish(x, "avgpool", "fc");
}

}  // namespace

ArchitectureFamily family() {
  return {"resnet",
          "resnet18, 34, 50, 101, 152, resnext50_32x4d, resnext101_32x8d, 64x4d, wide_resnet50_2, wide_resnet101_2, "
          "and those of timm with names like seresnet50 and resnet50d, or of any depth and width",
          {"resnet10",
           "resnet14",
           "resnet18",
           "resnet26",
           "resnet34",
           "resnet50",
           "resnet101",
           "resnet152",
           "resnet200",
           "resnext50_32x4d",
           "resnext101_32x4d",
           "resnext101_32x8d",
           "resnext101_64x4d",
           "resnext101_32x16d",
           "resnext101_32x32d",
           "resnext101_32x48d",
           "wide_resnet50_2",
           "wide_resnet101_2",
           "resnet10t",
           "resnet14t",
           "resnet18d",
           "resnet26d",
           "resnet26t",
           "resnet34d",
           "resnet50c",
           "resnet50d",
           "resnet50s",
           "resnet50t",
           "resnet101c",
           "resnet101d",
           "resnet101s",
           "resnet152d",
           "resnet152s",
           "resnet200d",
           "seresnet18",
           "seresnet34",
           "seresnet50",
           "seresnet101",
           "seresnet152",
           "seresnet152d",
           "seresnet200d",
           "seresnext26d_32x4d",
           "seresnext26t_32x4d",
           "seresnext50_32x4d",
           "seresnext101_32x4d",
           "seresnext101_32x8d",
           "seresnext101d_32x8d",
           "resnext50d_32x4d",
           "resnetrs50"},
          "layer1.0.conv1.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::resnet
