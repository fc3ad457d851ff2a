// MnasNet B1 (M. Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", CVPR 2019) with torchvision's names. No activation
// follows a projection.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::mnasnet {
namespace {

// Widths and depths are those of the tensors, also those of torchvision's first version, whose stem had one width.
std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* first = dict.find("layers.8.0.layers.6.weight");
  if (first == nullptr || first->dims.empty() || dict.find("layers.14.weight") == nullptr) return {};
  const std::map<int64_t, const char*> names = {{16, "mnasnet0_5"}, {24, "mnasnet1_0"}, {32, "mnasnet1_3"}};
  const StateTensor* last = dict.find("layers.13.0.layers.6.weight");
  if (first->dims[0] == 24 && last != nullptr && !last->dims.empty() && last->dims[0] == 240) return {"mnasnet0_75"};
  const auto found = names.find(first->dims[0]);
  return {found == names.end() ? "mnasnet" : found->second};
}

// Convolution N, norm N + 1 and ReLU N + 2 of a list of modules.
Value unit(Modules& m, const Value& src, const std::string& list, int number, int64_t stride = 1) {
  const auto name = [&](int i) { return fmt::format("{}.{}", list, number + i); };
  return m.relu(m.norm(m.conv(src, name(0), {.stride = stride}), name(1)), name(2));
}

Value block(Modules& m, const Value& src, const std::string& name, int64_t stride) {
  const std::string list = name + ".layers";
  Value x = unit(m, src, list, 0);
  x = unit(m, x, list, 3, stride);
  x = m.norm(m.conv(x, list + ".6"), list + ".7");
  return stride == 1 && m.channels(src) == m.channels(x) ? m.add(x, src, name + ".add") : x;
}

source::Network build(const StateDict& dict, const std::string& member) {
  static const std::vector<int64_t> strides = {2, 2, 2, 1, 2, 1};
  Modules m(dict, member);
  Value x = unit(m, m.input(), "layers", 0, 2);
  x = unit(m, x, "layers", 3);
  x = m.norm(m.conv(x, "layers.6"), "layers.7");
  for (int stack = 8; stack <= 13; ++stack) {
    for (int i = 0; m.has(fmt::format("layers.{}.{}.layers.0.weight", stack, i)); ++i)
      x = block(m, x, fmt::format("layers.{}.{}", stack, i), i == 0 ? strides[static_cast<size_t>(stack - 8)] : 1);
  }
  x = unit(m, x, "layers", 14);
  return m.finish(x, "mean", m.has("classifier.1.weight") ? "classifier.1" : "classifier", "classifier");
}

}  // namespace

ArchitectureFamily family() {
  return {"mnasnet",
          "mnasnet0_5, mnasnet0_75, mnasnet1_0, mnasnet1_3",
          {"mnasnet0_5", "mnasnet0_75", "mnasnet1_0", "mnasnet1_3"},
          "layers.8.0.layers.0.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::mnasnet
