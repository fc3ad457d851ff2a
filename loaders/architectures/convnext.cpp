// ConvNeXt (Z. Liu et al., "A ConvNet for the 2020s", CVPR 2022) with torchvision's names, timm's and its authors'. Layer norms over channels have
// an epsilon of 1e-6; in timm's convnext_xxlarge, 1e-5.
#include <map>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::convnext {
namespace {

// How one of the three calls its modules.
struct Names {
  std::string stem, stem_norm;
  std::string stage;    // with the number of the stage, from 0, and of the block
  std::string between;  // with the number of the stage behind it
  std::string scale, depthwise, norm, first, activation, second;  // behind the block's name
  std::string pool, head_norm, head;
  int stages_apart = 1, first_stage = 0;

  [[nodiscard]] std::string block(int number, int i) const {
    return fmt::format(fmt::runtime(stage), first_stage + number * stages_apart, i);
  }
  [[nodiscard]] std::string reduction(int number) const {
    return fmt::format(fmt::runtime(between), stages_apart == 2 ? 2 * number : number);
  }
};

const Names& torchvision() {
  static const Names names{"features.0.0",
                           "features.0.1",
                           "features.{}.{}",
                           "features.{}",
                           ".layer_scale",
                           ".block.0",
                           ".block.2",
                           ".block.3",
                           ".block.4",
                           ".block.5",
                           "avgpool",
                           "classifier.0",
                           "classifier.2",
                           2,
                           1};
  return names;
}

const Names& timm() {
  static const Names names{"stem.0",
                           "stem.1",
                           "stages.{}.blocks.{}",
                           "stages.{}.downsample",
                           ".gamma",
                           ".conv_dw",
                           ".norm",
                           ".mlp.fc1",
                           ".mlp.act",
                           ".mlp.fc2",
                           "head.global_pool",
                           "head.norm",
                           "head.fc",
                           1,
                           0};
  return names;
}

const Names& authors() {
  static const Names names{"downsample_layers.0.0",
                           "downsample_layers.0.1",
                           "stages.{}.{}",
                           "downsample_layers.{}",
                           ".gamma",
                           ".dwconv",
                           ".norm",
                           ".pwconv1",
                           ".act",
                           ".pwconv2",
                           "avgpool",
                           "norm",
                           "head",
                           1,
                           0};
  return names;
}

const Names* names_in(const StateDict& dict) {
  for (const Names* names : {&torchvision(), &timm(), &authors()}) {
    const StateTensor* stem = dict.find(names->stem + ".weight");
    if (stem != nullptr && stem->dims.size() == 4 && dict.find(names->block(0, 0) + names->scale) != nullptr)
      return names;
  }
  return nullptr;
}

int depth_of(const StateDict& dict, const Names& names, int stage) {
  int depth = 0;
  while (dict.find(names.block(stage, depth) + names.scale) != nullptr) ++depth;
  return depth;
}

constexpr int kStages = 4;

// Depths and widths are those of the tensors.
std::vector<std::string> recognise(const StateDict& dict) {
  const Names* names = names_in(dict);
  if (names == nullptr) return {};
  std::vector<int> depths;
  for (int stage = 0; stage < kStages; ++stage) depths.push_back(depth_of(dict, *names, stage));
  const std::map<std::pair<int64_t, std::vector<int>>, const char*> known = {
      {{40, {2, 2, 6, 2}}, "convnext_atto"},     {{48, {2, 2, 6, 2}}, "convnext_femto"},
      {{64, {2, 2, 6, 2}}, "convnext_pico"},     {{80, {2, 2, 8, 2}}, "convnext_nano"},
      {{96, {3, 3, 9, 3}}, "convnext_tiny"},     {{96, {3, 3, 27, 3}}, "convnext_small"},
      {{128, {3, 3, 27, 3}}, "convnext_base"},   {{192, {3, 3, 27, 3}}, "convnext_large"},
      {{256, {3, 3, 27, 3}}, "convnext_xlarge"}, {{384, {3, 4, 30, 3}}, "convnext_xxlarge"}};
  const auto found = known.find({dict.at(names->stem + ".weight").dims[0], depths});
  return {found == known.end() ? "convnext" : found->second};
}

class Builder {
 public:
  Builder(Modules& m, const Names& names, double epsilon) : m_(m), names_(names), epsilon_(epsilon) {}

  Value norm(const Value& src, const std::string& name) { return m_.layer_norm(src, name, epsilon_); }

  // A linear layer at each position, which some files hold as a 1x1 convolution.
  Value pointwise(const Value& src, const std::string& name) {
    return m_.dims(name + ".weight").size() == 4 ? m_.conv(src, name, {.bias = true}) : m_.pointwise(src, name);
  }

  Value block(const Value& src, const std::string& name) {
    Value x = m_.conv(src, name + names_.depthwise, {.bias = true});
    x = pointwise(norm(x, name + names_.norm), name + names_.first);
    x = pointwise(m_.activation("Gelu", x, name + names_.activation), name + names_.second);
    return m_.add(m_.scale(x, name + ".scale", name + names_.scale), src, name + ".add");
  }

 private:
  Modules& m_;
  const Names& names_;
  double epsilon_;
};

source::Network build(const StateDict& dict, const std::string& member) {
  const Names& names = *names_in(dict);
  const std::vector<int64_t>& patch = dict.at(names.stem + ".weight").dims;
  if (patch[2] != 4 || patch[3] != 4)
    fail(dict.path, "holds a ConvNeXt whose first convolution is {}x{}: expected 4x4, whose stride is known", patch[2],
         patch[3]);
  Modules m(dict, member);
  Builder builder(m, names, member == "convnext_xxlarge" ? 1e-5 : 1e-6);
  Value x = builder.norm(m.conv(m.input(), names.stem, {.stride = 4, .padding = 0, .bias = true}), names.stem_norm);
  for (int stage = 0; stage < kStages; ++stage) {
    if (stage > 0) {
      const std::string between = names.reduction(stage);
      x = m.conv(builder.norm(x, between + ".0"), between + ".1", {.stride = 2, .padding = 0, .bias = true});
    }
    for (int i = 0; i < depth_of(dict, names, stage); ++i) x = builder.block(x, names.block(stage, i));
  }
  if (!m.has(names.head_norm + ".weight")) return m.finish(x);  // the trunk alone
  x = builder.norm(m.global_average(x, names.pool), names.head_norm);
  return m.finish(m.has_head({names.head}, names.head) ? m.linear(x, names.head) : x);
}

}  // namespace

ArchitectureFamily family() {
  return {"convnext",
          "convnext_tiny, small, base, large, xlarge and timm's smaller ones",
          {"convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny", "convnext_small",
           "convnext_base", "convnext_large", "convnext_xlarge", "convnext_xxlarge"},
          "features.1.0.layer_scale stages.0.blocks.0.gamma stages.0.0.gamma",
          recognise,
          build};
}

}  // namespace phosphene::architectures::convnext
