// MobileNet v3 (A. Howard et al., "Searching for MobileNetV3", ICCV 2019) with torchvision's names: tables 1 and 2. Norms have an epsilon
// of 1e-3.
#include <algorithm>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::mobilenet_v3 {
namespace {

// The blocks: their strides, and the first whose activation is hard-swish.
struct Table {
  const char* name;
  std::vector<int64_t> strides;
  size_t hard_swish_from;
};

const Table& table_of(const std::string& member) {
  static const Table small{"mobilenet_v3_small", {2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1}, 3};
  static const Table large{"mobilenet_v3_large", {1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1}, 6};
  return member == small.name ? small : large;
}

// Widths are those of the tensors. Blocks are numbered in one row here, in EfficientNet by stages.
std::vector<std::string> recognise(const StateDict& dict) {
  if (dict.find("features.1.block.0.0.weight") == nullptr) return {};
  if (dict.find("features.12.0.weight") != nullptr) return {"mobilenet_v3_small"};
  const bool large = dict.find("features.16.0.weight") != nullptr;
  return large ? std::vector<std::string>{"mobilenet_v3_large"} : std::vector<std::string>{};
}

// NAME.0, NAME.1, NAME.2: convolution, norm and, unless it is "", an activation.
Value unit(Modules& m, const Value& src, const std::string& name, const std::string& activation, int64_t stride = 1) {
  const Value x = m.norm(m.conv(src, name + ".0", {.stride = stride}), name + ".1", 1e-3);
  return activation.empty() ? x : m.activation(activation, x, name + ".2");
}

Value block(Modules& m, const Value& src, const std::string& name, const std::string& activation, int64_t stride) {
  int part = 0;
  const auto next = [&] { return fmt::format("{}.block.{}", name, part++); };
  Value x = src;
  const bool expands = m.dims(name + ".block.0.0.weight").at(1) != 1;
  if (expands) x = unit(m, x, next(), activation);
  x = unit(m, x, next(), activation, stride);
  if (m.has(fmt::format("{}.block.{}.fc1.weight", name, part))) x = m.squeeze_excite(x, next(), "Relu", "HardSigmoid");
  x = unit(m, x, next(), "");
  return stride == 1 && m.channels(src) == m.channels(x) ? m.add(x, src, name + ".add") : x;
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  const Table& table = table_of(member);
  Value x = unit(m, m.input(), "features.0", "HardSwish", 2);
  for (size_t i = 0; i < table.strides.size(); ++i)
    x = block(m, x, fmt::format("features.{}", i + 1), i < table.hard_swish_from ? "Relu" : "HardSwish",
              table.strides[i]);
  x = unit(m, x, fmt::format("features.{}", table.strides.size() + 1), "HardSwish");
  if (!m.has_head({"classifier.0", "classifier.3"}, "classifier")) return m.finish(x);  // the trunk alone
  x = m.linear(m.global_average(x, "avgpool"), "classifier.0");
  return m.finish(m.linear(m.activation("HardSwish", x, "classifier.1"), "classifier.3"));
}

}  // namespace

ArchitectureFamily family() {
  return {"mobilenet_v3",
          "mobilenet_v3_small, mobilenet_v3_large of any width",
          {"mobilenet_v3_small", "mobilenet_v3_large"},
          "features.1.block.0.0.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::mobilenet_v3
