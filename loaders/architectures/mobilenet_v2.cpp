// MobileNet v2 (M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018) with torchvision's names, and with
// those of before 2019, when a block was one list: conv.0 to conv.7.
#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::mobilenet_v2 {
namespace {

constexpr int kBlocks = 17;

bool is_old(const StateDict& dict) { return dict.find("features.2.conv.6.weight") != nullptr; }

// Widths are those of the tensors.
std::vector<std::string> recognise(const StateDict& dict) {
  const bool has_blocks = is_old(dict) || dict.find("features.2.conv.1.0.weight") != nullptr;
  const bool known = has_blocks && dict.find("features.18.0.weight") != nullptr;
  return known ? std::vector<std::string>{"mobilenet_v2"} : std::vector<std::string>{};
}

// NAME.0, NAME.1, NAME.2: convolution, norm, ReLU6.
Value unit(Modules& m, const Value& src, const std::string& name, int64_t stride = 1) {
  return m.relu6(m.norm(m.conv(src, name + ".0", {.stride = stride}), name + ".1"), name + ".2");
}

// The same of numbers FIRST to FIRST + 2 of one list.
Value old_unit(Modules& m, const Value& src, const std::string& list, int first, int64_t stride = 1) {
  const auto name = [&](int i) { return fmt::format("{}.{}", list, first + i); };
  return m.relu6(m.norm(m.conv(src, name(0), {.stride = stride}), name(1)), name(2));
}

Value inverted_residual(Modules& m, const Value& src, const std::string& name, int64_t stride, bool old) {
  const std::string list = name + ".conv";
  const bool expands = m.has(list + (old ? ".6.weight" : ".1.0.weight"));
  Value x = src;
  if (expands) x = old ? old_unit(m, x, list, 0) : unit(m, x, list + ".0");
  const int depthwise = expands ? (old ? 3 : 1) : 0, projection = depthwise + (old ? 3 : 1);
  x = old ? old_unit(m, x, list, depthwise, stride) : unit(m, x, fmt::format("{}.{}", list, depthwise), stride);
  x = m.norm(m.conv(x, fmt::format("{}.{}", list, projection)), fmt::format("{}.{}", list, projection + 1));
  return stride == 1 && m.channels(src) == m.channels(x) ? m.add(src, x, name + ".add") : x;
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = unit(m, m.input(), "features.0", 2);
  for (int i = 1; i <= kBlocks; ++i) {
    const bool halves = i == 2 || i == 4 || i == 7 || i == 14;
    x = inverted_residual(m, x, fmt::format("features.{}", i), halves ? 2 : 1, is_old(dict));
  }
  x = unit(m, x, "features.18");
  return m.finish(x, "avgpool", m.has("classifier.1.weight") ? "classifier.1" : "classifier", "classifier");
}

}  // namespace

ArchitectureFamily family() {
  return {"mobilenet_v2",   "mobilenet_v2 of any width",
          {"mobilenet_v2"}, "features.2.conv.0.0.weight features.2.conv.0.weight",
          recognise,        build};
}

}  // namespace phosphene::architectures::mobilenet_v2
