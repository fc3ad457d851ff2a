// RegNet X and Y (I. Radosavovic et al., "Designing Network Design Spaces", CVPR 2020) with torchvision's names. Groups follow from the shapes.
#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::regnet {
namespace {

// Depths, widths and groups are those of the tensors, whichever RegNet it is.
std::string recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("stem.0.weight");
  if (stem == nullptr || dict.find("trunk_output.block1.block1-0.f.a.0.weight") == nullptr) return "";
  return dict.find("trunk_output.block1.block1-0.f.se.fc1.weight") != nullptr ? "regnet_y" : "regnet_x";
}

// NAME.0, NAME.1: convolution and norm.
Value unit(Modules& m, const Value& src, const std::string& name, int64_t stride = 1) {
  return m.norm(m.conv(src, name + ".0", {.stride = stride}), name + ".1");
}

Value block(Modules& m, const Value& src, const std::string& name, int64_t stride) {
  Value x = m.relu(unit(m, src, name + ".f.a"), name + ".f.a.2");
  x = m.relu(unit(m, x, name + ".f.b", stride), name + ".f.b.2");
  if (m.has(name + ".f.se.fc1.weight")) x = m.squeeze_excite(x, name + ".f.se", "Relu", "Sigmoid");
  x = unit(m, x, name + ".f.c");
  const bool projects = stride != 1 || m.channels(src) != m.channels(x);
  const Value shortcut = projects ? unit(m, src, name + ".proj", stride) : src;
  return m.relu(m.add(shortcut, x, name + ".add"), name + ".activation");
}

source::Network build(const StateDict& dict, const std::string& member) {
  Modules m(dict, member);
  Value x = m.relu(unit(m, m.input(), "stem", 2), "stem.2");
  for (int stage = 1; stage <= 4; ++stage) {
    const auto name = [&](int i) { return fmt::format("trunk_output.block{}.block{}-{}", stage, stage, i); };
    for (int i = 0; m.has(name(i) + ".f.a.0.weight"); ++i) x = block(m, x, name(i), i == 0 ? 2 : 1);
  }
  return m.finish(m.linear(m.global_average(x, "avgpool"), "fc"));
}

}  // namespace

ArchitectureFamily family() { return {"regnet", "regnet_x, regnet_y of any width", recognise, build}; }

}  // namespace phosphene::architectures::regnet
