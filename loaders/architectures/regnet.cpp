// RegNet X and Y (I. Radosavovic et al., "Designing Network Design Spaces", CVPR 2020) with torchvision's names and with timm's. Groups follow
// from the shapes.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::regnet {
namespace {

// How one of the two calls its modules.
struct Names {
  bool timm = false;

  [[nodiscard]] std::string block(int stage, int i) const {
    return timm ? fmt::format("s{}.b{}", stage, i + 1)
                : fmt::format("trunk_output.block{}.block{}-{}", stage, stage, i);
  }
  // Convolution 1, 2 or 3 of a block.
  [[nodiscard]] std::string unit(const std::string& block, int number) const {
    if (timm) return fmt::format("{}.conv{}", block, number);
    return fmt::format("{}.f.{}", block, "abc"[number - 1]);
  }
  [[nodiscard]] std::string gate(const std::string& block) const { return block + (timm ? ".se" : ".f.se"); }
  [[nodiscard]] std::string shortcut(const std::string& block) const {
    return block + (timm ? ".downsample" : ".proj");
  }
  [[nodiscard]] std::string conv(const std::string& unit) const { return unit + (timm ? ".conv" : ".0"); }
  [[nodiscard]] std::string norm(const std::string& unit) const { return unit + (timm ? ".bn" : ".1"); }
};

// Depths, and channels of the first and the last stage.
using Sizes = std::pair<std::vector<int>, std::pair<int64_t, int64_t>>;

const std::map<Sizes, std::string>& members(bool gate) {
  static const std::map<Sizes, std::string> x = {
      {{{1, 1, 4, 7}, {24, 368}}, "200mf"},    {{{1, 2, 7, 12}, {32, 400}}, "400mf"},
      {{{1, 2, 7, 12}, {32, 384}}, "400mf"},   {{{1, 3, 5, 7}, {48, 528}}, "600mf"},
      {{{1, 3, 7, 5}, {64, 672}}, "800mf"},    {{{2, 4, 10, 2}, {72, 912}}, "1_6gf"},
      {{{2, 6, 15, 2}, {96, 1008}}, "3_2gf"},  {{{2, 5, 14, 2}, {80, 1360}}, "4gf"},
      {{{2, 4, 10, 1}, {168, 1624}}, "6_4gf"}, {{{2, 5, 15, 1}, {80, 1920}}, "8gf"},
      {{{2, 5, 11, 1}, {224, 2240}}, "12gf"},  {{{2, 6, 13, 1}, {256, 2048}}, "16gf"},
      {{{2, 7, 13, 1}, {336, 2520}}, "32gf"}};
  static const std::map<Sizes, std::string> y = {
      {{{1, 1, 4, 7}, {24, 368}}, "200mf"},    {{{1, 3, 6, 6}, {48, 440}}, "400mf"},
      {{{1, 3, 7, 4}, {48, 608}}, "600mf"},    {{{1, 3, 8, 2}, {64, 784}}, "800mf"},
      {{{1, 3, 8, 2}, {64, 768}}, "800mf"},    {{{2, 6, 17, 2}, {48, 888}}, "1_6gf"},
      {{{2, 5, 13, 1}, {72, 1512}}, "3_2gf"},  {{{2, 6, 12, 2}, {128, 1088}}, "4gf"},
      {{{2, 7, 14, 2}, {144, 1296}}, "6_4gf"}, {{{2, 4, 10, 1}, {224, 2016}}, "8gf"},
      {{{2, 4, 10, 1}, {168, 2016}}, "8gf"},   {{{2, 5, 11, 1}, {224, 2240}}, "12gf"},
      {{{2, 4, 11, 1}, {224, 3024}}, "16gf"},  {{{2, 5, 12, 1}, {232, 3712}}, "32gf"},
      {{{2, 5, 12, 1}, {328, 4920}}, "64gf"},  {{{2, 7, 17, 1}, {528, 7392}}, "128gf"},
      {{{2, 7, 17, 1}, {746, 10444}}, "256gf"}};
  return gate ? y : x;
}

// The channels that a stage computes; 0 without one.
int64_t channels_of(const StateDict& dict, const Names& names, int stage) {
  const StateTensor* tensor = dict.find(names.conv(names.unit(names.block(stage, 0), 1)) + ".weight");
  return tensor != nullptr && tensor->dims.size() == 4 ? tensor->dims[0] : 0;
}

Sizes sizes_of(const StateDict& dict, const Names& names) {
  Sizes sizes;
  for (int stage = 1; channels_of(dict, names, stage) > 0; ++stage) {
    int depth = 0;
    while (dict.find(names.conv(names.unit(names.block(stage, depth), 1)) + ".weight") != nullptr) ++depth;
    sizes.first.push_back(depth);
    if (stage == 1) sizes.second.first = channels_of(dict, names, stage);
    sizes.second.second = channels_of(dict, names, stage);
  }
  return sizes;
}

// Depths, widths and groups are those of the tensors, whichever RegNet it is.
std::vector<std::string> recognise(const StateDict& dict) {
  const bool timm = dict.find("stem.conv.weight") != nullptr;
  const Names names{timm};
  const bool known = dict.find(names.norm("stem") + ".running_mean") != nullptr && channels_of(dict, names, 1) > 0;
  if (!known) return {};
  const bool gate = dict.find(names.gate(names.block(1, 0)) + ".fc1.weight") != nullptr;
  const std::string letter = gate ? "y" : "x";
  const auto found = members(gate).find(sizes_of(dict, names));
  if (found == members(gate).end()) return {"regnet_" + letter};
  return {fmt::format("regnet_{}_{}", letter, found->second)};
}

Value unit(Modules& m, const Names& names, const Value& src, const std::string& name, int64_t stride = 1) {
  return m.norm(m.conv(src, names.conv(name), {.stride = stride}), names.norm(name));
}

// With a ReLU, which is timm's norm's own.
Value active(Modules& m, const Names& names, const Value& src, const std::string& name, int64_t stride = 1) {
  const std::string norm = names.norm(name);
  const Value x =
      m.norm(m.conv(src, names.conv(name), {.stride = stride}), norm, 1e-5, names.timm ? norm + "_norm" : "");
  return m.relu(x, names.timm ? norm : name + ".2");
}

Value block(Modules& m, const Names& names, const Value& src, const std::string& name, int64_t stride) {
  Value x = active(m, names, src, names.unit(name, 1));
  x = active(m, names, x, names.unit(name, 2), stride);
  if (m.has(names.gate(name) + ".fc1.weight")) x = m.squeeze_excite(x, names.gate(name), "Relu", "Sigmoid");
  x = unit(m, names, x, names.unit(name, 3));
  const bool projects = stride != 1 || m.channels(src) != m.channels(x);
  const Value shortcut = projects ? unit(m, names, src, names.shortcut(name), stride) : src;
  return m.relu(m.add(shortcut, x, name + ".add"), name + (names.timm ? ".act3" : ".activation"));
}

source::Network build(const StateDict& dict, const std::string& member) {
  const Names names{dict.find("stem.conv.weight") != nullptr};
  Modules m(dict, member);
  Value x = active(m, names, m.input(), "stem", 2);
  const std::vector<int> depths = sizes_of(dict, names).first;
  for (size_t stage = 0; stage < depths.size(); ++stage) {
    for (int i = 0; i < depths[stage]; ++i)
      x = block(m, names, x, names.block(static_cast<int>(stage) + 1, i), i == 0 ? 2 : 1);
  }
  return m.finish(x, names.timm ? "head.global_pool" : "avgpool", names.timm ? "head.fc" : "fc");
}

std::vector<std::string> names_of_members() {
  std::vector<std::string> names{"regnet_x", "regnet_y"};
  for (const bool gate : {false, true}) {
    for (const auto& [sizes, size] : members(gate))
      names.push_back(fmt::format("regnet_{}_{}", gate ? "y" : "x", size));
  }
  return names;
}

}  // namespace

ArchitectureFamily family() {
  return {"regnet",           "regnet_x_400mf to 32gf, regnet_y_400mf to 128gf and others of any width, also timm's",
          names_of_members(), "trunk_output.block1.block1-0.f.a.0.weight s1.b1.conv1.conv.weight",
          recognise,          build};
}

}  // namespace phosphene::architectures::regnet
