// Networks of timm's lists of blocks, with timm's names: conv_stem, blocks.STAGE.BLOCK, conv_head, classifier. EfficientNet (M. Tan and Q. Le,
// ICML 2019) and its Lite and v2, MobileNet v1 to v3 (A. Howard et al., 2017 to 2019), MnasNet (M. Tan et al., CVPR 2019).
//
// Some have the same tensors and compute different things: efficientnet_b0 was trained in PyTorch (epsilon 1e-5, padding alike on all sides),
// tf_efficientnet_b0 in TensorFlow (1e-3, SAME). Both are proposed then, and the user is asked.
#include "loaders/architectures/timm_efficientnet.h"

#include <algorithm>
#include <optional>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::timm_efficientnet {
namespace {

// What the tensors say of one block.
struct Seen {
  BlockType type = BlockType::plain;
  int64_t size = 0, out = 0;
  bool gate = false;
};

std::optional<Seen> block_seen(const StateDict& dict, const std::string& name) {
  const auto convolution = [&](const char* module) {
    const StateTensor* tensor = dict.find(fmt::format("{}.{}.weight", name, module));
    return tensor != nullptr && tensor->dims.size() == 4 ? tensor : nullptr;
  };
  const StateTensor *depthwise = convolution("conv_dw"), *fused = convolution("conv_exp"), *plain = convolution("conv"),
                    *last = convolution("conv_pwl"), *pointwise = convolution("conv_pw");
  Seen seen;
  if (depthwise != nullptr) {
    if (depthwise->dims[1] != 1) return std::nullopt;
    seen.type = last != nullptr ? BlockType::inverted : BlockType::depthwise;
  } else if (fused != nullptr) {
    seen.type = BlockType::fused;
  }
  const StateTensor* window = depthwise != nullptr ? depthwise : fused != nullptr ? fused : plain;
  const StateTensor* end = last != nullptr ? last : depthwise != nullptr ? pointwise : plain;
  if (window == nullptr || end == nullptr) return std::nullopt;
  seen.size = window->dims[2];
  seen.out = end->dims[0];
  seen.gate = dict.find(name + ".se.conv_reduce.weight") != nullptr;
  return seen;
}

bool agrees(const Seen& seen, const Stage& stage) {
  return seen.type == stage.type && seen.size == stage.size && seen.gate == stage.gate;
}

using Blocks = std::vector<std::vector<Seen>>;  // by stage

std::optional<Blocks> blocks_of(const StateDict& dict) {
  Blocks blocks;
  const auto starts = [&](const std::string& prefix) {
    return std::any_of(dict.tensors.begin(), dict.tensors.end(),
                       [&](const StateTensor& tensor) { return tensor.name.starts_with(prefix); });
  };
  while (starts(fmt::format("blocks.{}.", blocks.size()))) {
    std::vector<Seen> stage;
    for (std::string name; starts((name = fmt::format("blocks.{}.{}", blocks.size(), stage.size())) + ".");) {
      const std::optional<Seen> seen = block_seen(dict, name);
      if (!seen) return std::nullopt;
      stage.push_back(*seen);
    }
    if (stage.empty()) return std::nullopt;
    blocks.push_back(std::move(stage));
  }
  if (blocks.empty()) return std::nullopt;
  return blocks;
}

const Kind* kind_of(const Blocks& blocks) {
  for (const Kind& kind : kinds()) {
    bool fits = kind.stages.size() == blocks.size();
    for (size_t i = 0; fits && i < blocks.size(); ++i)
      fits = std::all_of(blocks[i].begin(), blocks[i].end(),
                         [&](const Seen& seen) { return agrees(seen, kind.stages[i]); });
    if (fits) return &kind;
  }
  return nullptr;
}

std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = dict.find("conv_stem.weight");
  if (stem == nullptr || stem->dims.size() != 4 || stem->dims[2] != 3 || dict.find("bn1.running_mean") == nullptr)
    return {};
  const std::optional<Blocks> blocks = blocks_of(dict);
  const Kind* kind = blocks ? kind_of(*blocks) : nullptr;
  if (kind == nullptr) return {};
  std::vector<int> depths;
  for (const std::vector<Seen>& stage : *blocks) depths.push_back(static_cast<int>(stage.size()));
  const bool plain_head = kind->head == Head::mobilenet3 && dict.find("conv_head.weight") != nullptr &&
                          dict.find("conv_head.bias") == nullptr;
  if (plain_head) return {"mobilenetv3_rw"};
  const auto fits_head = [&](const std::string& name) {  // two MobileNets v1 differ in a convolution at the end
    return !name.starts_with("mobilenetv1") || name.ends_with('h') == (dict.find("conv_head.weight") != nullptr);
  };
  std::vector<std::string> members;
  for (const Member& member : kind->members) {
    if (fits_head(member.name) && member.depths == depths && member.stem == stem->dims[0] &&
        member.last == blocks->back().back().out && std::string(member.name) != "mobilenetv3_rw")
      members.emplace_back(member.name);
  }
  return members.empty() ? kind->otherwise : members;
}

class Builder {
 public:
  Builder(Modules& m, const Kind& kind, const std::string& member)
      : m_(m), kind_(kind), epsilon_(epsilon_of(member)), same_(pads_as_tensorflow(member)) {}

  Value convolve(const Value& src, const std::string& name, int64_t stride = 1) {
    return m_.conv(src, name, {.stride = stride, .same = same_ && stride > 1});
  }

  Value activate(const Value& src, const std::string& name, bool relu = false) {
    if (relu) return m_.relu(src, name);
    return std::string(kind_.activation).empty() ? m_.relu6(src, name) : m_.activation(kind_.activation, src, name);
  }

  // Convolution and norm, and an activation, which is timm's norm's own.
  Value unit(const Value& src, const std::string& conv, const std::string& norm, const Stage& stage, int64_t stride,
             bool activated = true) {
    const Value x = m_.norm(convolve(src, conv, stride), norm, epsilon_, activated ? norm + "_norm" : "");
    return activated ? activate(x, norm, stage.relu) : x;
  }

  Value block(const Value& src, const std::string& name, const Stage& stage, int64_t stride) {
    const auto in = [&](const char* module) { return name + "." + module; };
    Value x = src;
    switch (stage.type) {
      case BlockType::depthwise:
        x = gated(unit(x, in("conv_dw"), in("bn1"), stage, stride), name, stage);
        x = unit(x, in("conv_pw"), in("bn2"), stage, 1, stage.activated);
        break;
      case BlockType::inverted:
        x = unit(x, in("conv_pw"), in("bn1"), stage, 1);
        x = gated(unit(x, in("conv_dw"), in("bn2"), stage, stride), name, stage);
        x = unit(x, in("conv_pwl"), in("bn3"), stage, 1, false);
        break;
      case BlockType::fused:
        x = unit(x, in("conv_exp"), in("bn1"), stage, stride);
        x = unit(x, in("conv_pwl"), in("bn2"), stage, 1, false);
        break;
      case BlockType::plain:
        x = unit(x, in("conv"), in("bn1"), stage, stride);
        break;
    }
    const bool skips = stride == 1 && !stage.no_skip && m_.channels(src) == m_.channels(x);
    return skips ? m_.add(x, src, name + ".add") : x;
  }

 private:
  Value gated(const Value& src, const std::string& name, const Stage& stage) {
    if (!stage.gate) return src;
    const std::string own = stage.relu ? "Relu" : kind_.activation, inner = kind_.inner;
    return m_.squeeze_excite(src, name + ".se", inner.empty() ? own : inner, kind_.gate,
                             {"conv_reduce", "conv_expand"});
  }

  Modules& m_;
  const Kind& kind_;
  double epsilon_;
  bool same_;
};

const Member* member_called(const Kind& kind, const std::string& name) {
  for (const Member& member : kind.members) {
    if (name == member.name) return &member;
  }
  return nullptr;
}

source::Network finish(Modules& m, Builder& builder, const Kind& kind, Value x) {
  if (kind.head == Head::norm) {
    if (m.has("conv_head.weight")) x = builder.unit(x, "conv_head", "bn2", {}, 1);
    return m.finish(x, "global_pool", "classifier");
  }
  if (!m.has("conv_head.weight")) return m.finish(x);  // the trunk alone
  x = m.conv(m.global_average(x, "global_pool"), "conv_head", {.bias = m.has("conv_head.bias")});
  x = builder.activate(x, "act2");
  return m.finish(m.has_head({"classifier"}, "classifier") ? m.linear(x, "classifier") : x);
}

source::Network build(const StateDict& dict, const std::string& name) {
  const Kind* found = kind_of(blocks_of(dict).value());
  if (found == nullptr) fail_internal(name, "its tensors are of no kind that is known");
  Kind kind = *found;
  if (name == "mobilenetv3_rw") {  // its gates have the block's own activation, and its first block no skip
    kind.inner = "";
    kind.stages[0].no_skip = true;
  }
  const Member* member = member_called(kind, name);
  Modules m(dict, name, member == nullptr ? 224 : member->side);
  Builder builder(m, kind, name);
  Value x = builder.unit(m.input(), "conv_stem", "bn1", {}, 2);
  for (size_t stage = 0; stage < kind.stages.size(); ++stage) {
    for (int i = 0; block_seen(dict, fmt::format("blocks.{}.{}", stage, i)); ++i)
      x = builder.block(x, fmt::format("blocks.{}.{}", stage, i), kind.stages[stage],
                        i == 0 ? kind.stages[stage].stride : 1);
  }
  m.prepared_as(member != nullptr && member->half ? "inception" : "imagenet",
                fmt::format("{}, as most weights of timm's {} have it", kAssumed, name));
  return finish(m, builder, kind, x);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Kind& kind : kinds()) {
    for (const Member& member : kind.members) all.emplace_back(member.name);
  }
  return all;
}

}  // namespace

ArchitectureFamily family() {
  return {"timm_efficientnet",
          "of timm: efficientnet_b0 to b8, tf_efficientnet_b0 to b8, both also _lite0 to 4 and _es, em, el; "
          "efficientnetv2_s, m, l, tf_efficientnetv2_s, m, l, b0 to b3; mobilenetv1_100, mobilenetv2_100, "
          "mobilenetv3_large_100, mobilenetv3_small_100, mnasnet_100, semnasnet_100 and their other widths",
          names(),
          "conv_stem.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::timm_efficientnet
