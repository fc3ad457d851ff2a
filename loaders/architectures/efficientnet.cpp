// EfficientNet (M. Tan and Q. Le, ICML 2019) and EfficientNetV2 (ICML 2021) with torchvision's names. Depths and widths are those of the tensors;
// what they do not say is the epsilon of the norms (1e-5 in b0 to b4, 1e-3 in b5 to b7 and in v2) and the strides.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::efficientnet {
namespace {

int depth_of(const StateDict& dict, int stage) {
  int depth = 0;
  while (dict.find(fmt::format("features.{}.{}.block.0.0.weight", stage, depth)) != nullptr) ++depth;
  return depth;
}

int stages_of(const StateDict& dict) {
  int stages = 0;
  while (depth_of(dict, stages + 1) > 0) ++stages;
  return stages;
}

// By the depths of the stages and the width of the stem.
std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("features.0.0.weight");
  if (stem == nullptr || stem->dims.empty() || dict.find("features.1.0.block.0.0.weight") == nullptr) return {};
  std::vector<int> key{static_cast<int>(stem->dims[0])};
  for (int stage = 1; stage <= stages_of(dict); ++stage) key.push_back(depth_of(dict, stage));
  static const std::map<std::vector<int>, const char*> names = {
      {{32, 1, 2, 2, 3, 3, 4, 1}, "efficientnet_b0"},     {{32, 2, 3, 3, 4, 4, 5, 2}, "efficientnet_b1"},
      {{40, 2, 3, 3, 5, 5, 6, 2}, "efficientnet_b3"},     {{48, 2, 4, 4, 6, 6, 8, 2}, "efficientnet_b4"},
      {{48, 3, 5, 5, 7, 7, 9, 3}, "efficientnet_b5"},     {{56, 3, 6, 6, 8, 8, 11, 3}, "efficientnet_b6"},
      {{64, 4, 7, 7, 10, 10, 13, 4}, "efficientnet_b7"},  {{24, 2, 4, 4, 6, 9, 15}, "efficientnet_v2_s"},
      {{24, 3, 5, 5, 7, 14, 18, 5}, "efficientnet_v2_m"}, {{32, 4, 7, 7, 10, 19, 25, 7}, "efficientnet_v2_l"}};
  const auto found = names.find(key);
  if (found == names.end()) return {};
  const StateTensor* last = dict.find("features.8.0.weight");  // b1 and b2 have the same depths
  const bool is_b2 = std::string(found->second) == "efficientnet_b1" && last != nullptr && !last->dims.empty() &&
                     last->dims[0] == 1408;
  return {is_b2 ? "efficientnet_b2" : found->second};
}

bool is_v2(const std::string& member) { return member.starts_with("efficientnet_v2"); }

double epsilon_of(const std::string& member) {
  const bool late = member == "efficientnet_b5" || member == "efficientnet_b6" || member == "efficientnet_b7";
  return late || is_v2(member) ? 1e-3 : 1e-5;
}

class Builder {
 public:
  Builder(Modules& m, double epsilon) : m_(m), epsilon_(epsilon) {}

  // NAME.0, NAME.1, NAME.2: convolution, norm and SiLU.
  Value unit(const Value& src, const std::string& name, int64_t stride = 1, bool activated = true) {
    const Value x = m_.norm(m_.conv(src, name + ".0", {.stride = stride}), name + ".1", epsilon_);
    return activated ? m_.activation("Swish", x, name + ".2") : x;
  }

  // An expansion, a depthwise convolution, a gate and a projection; or fused, as in v2: one convolution for the first two and no gate.
  Value block(const Value& src, const std::string& name, int64_t stride) {
    int part = 0;
    const auto next = [&] { return fmt::format("{}.block.{}", name, part++); };
    const std::vector<int64_t>& first = m_.dims(name + ".block.0.0.weight");
    const bool fused = first.at(1) != 1 && first.at(2) > 1;
    Value x = src;
    if (fused) {
      x = unit(x, next(), stride);
      if (m_.has(name + ".block.1.0.weight")) x = unit(x, next(), 1, false);
    } else {
      if (first.at(1) != 1) x = unit(x, next());
      x = unit(x, next(), stride);
      x = m_.squeeze_excite(x, next(), "Swish", "Sigmoid");
      x = unit(x, next(), 1, false);
    }
    return stride == 1 && m_.channels(src) == m_.channels(x) ? m_.add(x, src, name + ".add") : x;
  }

 private:
  Modules& m_;
  double epsilon_;
};

source::Network build(const StateDict& dict, const std::string& member) {
  static const std::map<std::string, int64_t> sides = {
      {"efficientnet_b0", 224},   {"efficientnet_b1", 240},   {"efficientnet_b2", 288},  {"efficientnet_b3", 300},
      {"efficientnet_b4", 380},   {"efficientnet_b5", 456},   {"efficientnet_b6", 528},  {"efficientnet_b7", 600},
      {"efficientnet_v2_s", 384}, {"efficientnet_v2_m", 480}, {"efficientnet_v2_l", 480}};
  static const std::vector<int64_t> strides = {1, 2, 2, 2,
                                               1, 2, 1};  // of the first block of each stage, in both versions
  Modules m(dict, member, sides.at(member));
  Builder builder(m, epsilon_of(member));
  Value x = builder.unit(m.input(), "features.0", 2);
  const int stages = stages_of(dict);
  for (int stage = 1; stage <= stages; ++stage) {
    for (int i = 0; i < depth_of(dict, stage); ++i)
      x = builder.block(x, fmt::format("features.{}.{}", stage, i),
                        i == 0 ? strides[static_cast<size_t>(stage - 1)] : 1);
  }
  x = builder.unit(x, fmt::format("features.{}", stages + 1));
  return m.finish(x, "avgpool", "classifier.1", "classifier");
}

}  // namespace

ArchitectureFamily family() {
  return {
      "efficientnet",
      "efficientnet_b0 to b7, efficientnet_v2_s, v2_m, v2_l",
      {"efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4", "efficientnet_b5",
       "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_s", "efficientnet_v2_m", "efficientnet_v2_l"},
      "features.1.0.block.0.0.weight",
      recognise,
      build};
}

}  // namespace phosphene::architectures::efficientnet
