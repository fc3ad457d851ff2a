// ConvNeXt (Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022) with torchvision's names. Layer norms over channels have an epsilon of 1e-6.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::convnext {
namespace {

constexpr double kEpsilon = 1e-6;

int depth_of(const StateDict& dict, int stage) {
  int depth = 0;
  while (dict.find(fmt::format("features.{}.{}.layer_scale", stage, depth)) != nullptr) ++depth;
  return depth;
}

std::string recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("features.0.0.weight");
  if (stem == nullptr || stem->dims.empty() || depth_of(dict, 1) == 0) return "";
  const std::map<std::pair<int64_t, int>, const char*> names = {{{96, 9}, "convnext_tiny"},
                                                                {{96, 27}, "convnext_small"},
                                                                {{128, 27}, "convnext_base"},
                                                                {{192, 27}, "convnext_large"}};
  const auto found = names.find({stem->dims[0], depth_of(dict, 5)});
  return found == names.end() ? "" : found->second;
}

Value block(Modules& m, const Value& src, const std::string& name) {
  Value x = m.conv(src, name + ".block.0", {.bias = true});
  x = m.pointwise(m.layer_norm(x, name + ".block.2", kEpsilon), name + ".block.3");
  x = m.pointwise(m.activation("Gelu", x, name + ".block.4"), name + ".block.5");
  return m.add(m.scale(x, name + ".scale", name + ".layer_scale"), src, name + ".add");
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = m.conv(m.input(), "features.0.0", {.stride = 4, .padding = 0, .bias = true});
  x = m.layer_norm(x, "features.0.1", kEpsilon);
  for (int stage = 1; stage <= 7; stage += 2) {
    for (int i = 0; i < depth_of(dict, stage); ++i) x = block(m, x, fmt::format("features.{}.{}", stage, i));
    if (stage == 7) break;
    const std::string between = fmt::format("features.{}", stage + 1);
    x = m.conv(m.layer_norm(x, between + ".0", kEpsilon), between + ".1", {.stride = 2, .padding = 0, .bias = true});
  }
  x = m.layer_norm(m.global_average(x, "avgpool"), "classifier.0", kEpsilon);
  return m.finish(m.linear(x, "classifier.2"));
}

}  // namespace

ArchitectureFamily family() {
  return {"convnext", "convnext_tiny, convnext_small, convnext_base, convnext_large", recognise, build};
}

}  // namespace phosphene::architectures::convnext
