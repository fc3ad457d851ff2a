// EfficientNet (M. Tan and Q. Le, ICML 2019) and EfficientNet-Lite with the names of ports of TensorFlow's code: _conv_stem, _blocks.N, _conv_head,
// _fc. Epsilon 1e-3 and TensorFlow's SAME paddings, which depend on the size. Lite has no gates, ReLU6 for SiLU, and other preprocessing.
#include <array>
#include <cmath>

#include "loaders/architectures/architecture.h"
#include "runtime/error.h"

namespace phosphene::architectures::efficientnet_pytorch {
namespace {

constexpr double kEpsilon = 1e-3;
constexpr size_t kStages = 7;

struct Size {
  const char* name;
  double width, depth;
  int64_t side, side_of_lite;
};
constexpr std::array<Size, 9> kSizes{{{"b0", 1.0, 1.0, 224, 224},
                                      {"b1", 1.0, 1.1, 240, 240},
                                      {"b2", 1.1, 1.2, 260, 260},
                                      {"b3", 1.2, 1.4, 300, 280},
                                      {"b4", 1.4, 1.8, 380, 300},
                                      {"b5", 1.6, 2.2, 456, 0},
                                      {"b6", 1.8, 2.6, 528, 0},
                                      {"b7", 2.0, 3.1, 600, 0},
                                      {"b8", 2.2, 3.6, 672, 0}}};
constexpr size_t kLites = 5;

const StateTensor* convolution(const StateDict& dict, const std::string& name) {
  const StateTensor* tensor = dict.find(name + ".weight");
  return tensor != nullptr && tensor->dims.size() == 4 ? tensor : nullptr;
}

std::string block_name(int i) { return fmt::format("_blocks.{}", i); }

struct Block {
  int64_t out = 0;
  size_t stage = 0;
  bool first = false;  // of its stage
};

// Every stage has more channels than the one before, so that a change of channels begins one.
std::vector<Block> blocks_of(const StateDict& dict) {
  std::vector<Block> blocks;
  for (int i = 0; const StateTensor* last = convolution(dict, block_name(i) + "._project_conv"); ++i) {
    const int64_t out = last->dims[0];
    const bool first = blocks.empty() || blocks.back().out != out;
    blocks.push_back({out, blocks.empty() ? 0 : blocks.back().stage + (first ? 1 : 0), first});
  }
  return blocks;
}

std::vector<int> depths_of(const std::vector<Block>& blocks) {
  std::vector<int> depths;
  for (const Block& block : blocks) {
    if (block.first) depths.push_back(0);
    ++depths.back();
  }
  return depths;
}

bool is_lite(const StateDict& dict) { return convolution(dict, "_blocks.0._se_reduce") == nullptr; }

// Channels and depths as the authors scale them: to the nearest 8, never below nine tenths; upwards. Lite scales neither its first nor its last
// stage's depth, nor its first convolution.
bool fits(const Size& size, bool lite, const std::vector<int>& depths, int64_t stem, int64_t last) {
  constexpr std::array<int, kStages> kDepths{1, 2, 2, 3, 3, 4, 1};
  const auto channels = [&](int64_t c) {
    const double scaled = static_cast<double>(c) * size.width;
    const auto nearest = std::max<int64_t>(8, static_cast<int64_t>(scaled + 4) / 8 * 8);
    return static_cast<double>(nearest) < 0.9 * scaled ? nearest + 8 : nearest;
  };
  for (size_t i = 0; i < kStages; ++i) {
    const bool fixed = lite && (i == 0 || i + 1 == kStages);
    if (depths[i] != (fixed ? kDepths.at(i) : static_cast<int>(std::ceil(kDepths.at(i) * size.depth)))) return false;
  }
  return last == channels(320) && stem == (lite ? 32 : channels(32));
}

std::vector<std::string> recognise(const StateDict& dict) {
  const StateTensor* stem = convolution(dict, "_conv_stem");
  const std::vector<Block> blocks = blocks_of(dict);
  if (stem == nullptr || blocks.empty()) return {};
  const std::vector<int> depths = depths_of(blocks);
  const bool lite = is_lite(dict);
  if (depths.size() != kStages) return {};
  for (size_t i = 0; i < (lite ? kLites : kSizes.size()); ++i) {
    if (fits(kSizes.at(i), lite, depths, stem->dims[0], blocks.back().out))
      return {lite ? fmt::format("efficientnet_lite{}", i) : fmt::format("efficientnet_{}", kSizes.at(i).name)};
  }
  return {};
}

class Builder {
 public:
  Builder(Modules& m, bool lite) : m_(m), lite_(lite) {}

  Value unit(const Value& src, const std::string& conv, const std::string& norm, int64_t stride, bool activated) {
    Value x = m_.norm(m_.conv(src, conv, {.stride = stride, .same = stride > 1}), norm, kEpsilon);
    if (!activated) return x;
    return lite_ ? m_.relu6(x, norm + "_relu6") : m_.activation("Swish", x, norm + "_swish");
  }

  Value block(const Value& src, const std::string& name, int64_t stride) {
    const auto in = [&](const char* module) { return fmt::format("{}.{}", name, module); };
    Value x = src;
    if (m_.has(in("_expand_conv.weight"))) x = unit(x, in("_expand_conv"), in("_bn0"), 1, true);
    x = unit(x, in("_depthwise_conv"), in("_bn1"), stride, true);
    if (m_.has(in("_se_reduce.weight")))
      x = m_.squeeze_excite(x, name, "Swish", "Sigmoid", {"_se_reduce", "_se_expand"});
    x = unit(x, in("_project_conv"), in("_bn2"), 1, false);
    return stride == 1 && m_.channels(src) == m_.channels(x) ? m_.add(x, src, name + ".add") : x;
  }

 private:
  Modules& m_;
  bool lite_;
};

source::Network build(const StateDict& dict, const std::string& member) {
  constexpr std::array<int64_t, kStages> kStrides{1, 2, 2, 2, 1, 2, 1};
  const bool lite = is_lite(dict);
  const auto size = static_cast<size_t>(member.back() - '0');
  Modules m(dict, member, lite ? kSizes.at(size).side_of_lite : kSizes.at(size).side);
  Builder builder(m, lite);
  Value x = builder.unit(m.input(), "_conv_stem", "_bn0", 2, true);
  const std::vector<Block> blocks = blocks_of(dict);
  for (size_t i = 0; i < blocks.size(); ++i)
    x = builder.block(x, block_name(static_cast<int>(i)), blocks[i].first ? kStrides.at(blocks[i].stage) : 1);
  x = builder.unit(x, "_conv_head", "_bn1", 1, true);
  if (lite) {  // (x - 127) / 128 of bytes
    const auto channels = static_cast<size_t>(m.channels(m.input()));
    std::vector<int> order(channels);
    for (size_t c = 0; c < channels; ++c) order[c] = static_cast<int>(c);
    m.prepared_as({std::vector<float>(channels, 255.F / 128), std::vector<float>(channels, 127.F / 128), order},
                  "as EfficientNet-Lite was trained");
  } else {
    m.prepared_as("imagenet", fmt::format("{}, as most ports of EfficientNet have it", kAssumed));
  }
  return m.finish(x, "_avg_pooling", "_fc");
}

}  // namespace

ArchitectureFamily family() {
  return {"efficientnet_pytorch",
          "efficientnet_b0 to b8 and efficientnet_lite0 to 4 of ports from TensorFlow",
          {},
          "_blocks.0._depthwise_conv.weight",
          recognise,
          build};
}

}  // namespace phosphene::architectures::efficientnet_pytorch
