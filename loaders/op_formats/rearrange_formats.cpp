#include <array>
#include <nlohmann/json.hpp>

#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/pad.h"
#include "layers/network/pixel_shuffle.h"
#include "layers/network/resize.h"
#include "loaders/op_formats/op_format.h"

namespace phosphene::formats_of_rearrangements {
namespace {

constexpr int64_t kLongest = 1 << 16;  // of an axis, a padding, an order of channels
constexpr int64_t kMostSliced = 1 << 30;

const Words kOrders = {"element_first", "channel_first"};
const Words kPadRules = {"constant", "reflect", "edge"};
const Words kModes = {"nearest", "linear"};
const Words kCoordinates = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"};
const Words kRoundings = {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"};
const Words kSteps = {"quotient", "product"};

void write_pad(LayerWriter& writer, const Pad& pad) {
  const Paddings& p = pad.paddings();
  writer.json.update({{"pad", {p.top, p.left, p.bottom, p.right}}, {"rule", word_of(kPadRules, pad.rule())}});
  if (pad.rule() == PadRule::constant) writer.json["value"] = pad.value();
}

std::shared_ptr<const Op> read_pad(const LayerReader& reader) {
  const JsonReader& layer = reader.json;
  const std::vector<int64_t> p = layer.at("pad").integers(4, -kLongest, kLongest);
  const auto rule = read_word<PadRule>(layer, "rule", kPadRules);
  const float value = rule == PadRule::constant ? layer.at("value").number() : 0;
  return std::make_shared<Pad>(Paddings{p[0], p[1], p[2], p[3]}, rule, value);
}

void write_resize(LayerWriter& writer, const Resize& op) {
  const ResizeAttributes& resize = op.attributes();
  writer.json.update({{"mode", word_of(kModes, resize.mode)},
                      {"coordinates", word_of(kCoordinates, resize.coordinates)},
                      {"step", word_of(kSteps, resize.step)}});
  if (resize.mode == ResizeMode::nearest) writer.json["rounding"] = word_of(kRoundings, resize.rounding);
  if (resize.rows > 0)
    writer.json["size"] = {resize.rows, resize.columns};
  else
    writer.json["factors"] = {resize.factor_h, resize.factor_w};
}

std::shared_ptr<const Op> read_resize(const LayerReader& reader) {
  const JsonReader& layer = reader.json;
  constexpr double kLargestFactor = 0x1p16;
  ResizeAttributes resize;
  resize.mode = read_word<ResizeMode>(layer, "mode", kModes);
  resize.coordinates = read_word<ResizeCoordinates>(layer, "coordinates", kCoordinates);
  resize.step = read_word<ResizeStep>(layer, "step", kSteps);
  if (resize.mode == ResizeMode::nearest) resize.rounding = read_word<ResizeRounding>(layer, "rounding", kRoundings);
  if (layer.has("factors")) {
    const JsonReader factors = layer.at("factors");
    factors.must_be_array();
    if (factors.size() != 2 || layer.has("size")) factors.refuse("expected two factors and no size");
    resize.factor_h = factors.at(0).number(1 / kLargestFactor, kLargestFactor);
    resize.factor_w = factors.at(1).number(1 / kLargestFactor, kLargestFactor);
  } else {
    const std::vector<int64_t> size = layer.at("size").integers(2, 1, kLongest);
    resize.rows = size[0];
    resize.columns = size[1];
  }
  return std::make_shared<Resize>(resize);
}

std::shared_ptr<const Op> read_permutation(const LayerReader& reader) {
  const JsonReader& layer = reader.json;
  const JsonReader order = layer.at("order");
  order.must_be_array();
  if (order.size() < 1 || order.size() > static_cast<size_t>(kLongest))
    order.refuse("expected 1 to {} channels, got {}", kLongest, order.size());
  return std::make_shared<ChannelPermutation>(order.integers(order.size(), 0, static_cast<int64_t>(order.size()) - 1));
}

void write_permutation(LayerWriter& writer, const ChannelPermutation& op) { writer.json["order"] = op.order(); }

void write_slice(LayerWriter& writer, const ChannelRange& op) {
  writer.json.update({{"first", op.first()}, {"count", op.count()}});
}

std::shared_ptr<const Op> read_slice(const LayerReader& reader) {
  return std::make_shared<ChannelRange>(reader.json.at("first").integer(0, kMostSliced),
                                        reader.json.at("count").integer(1, kMostSliced));
}

template <bool kToDepth>
bool is_shuffle(const Op& op) {
  const auto* shuffle = dynamic_cast<const PixelShuffle*>(&op);
  return shuffle != nullptr && shuffle->to_depth() == kToDepth;
}

void write_shuffle(LayerWriter& writer, const PixelShuffle& op) {
  writer.json.update({{"block", op.block()}, {"order", word_of(kOrders, op.order())}});
}

template <bool kToDepth>
std::shared_ptr<const Op> read_shuffle(const LayerReader& reader) {
  constexpr int64_t kLargestBlock = 1024;
  return std::make_shared<PixelShuffle>(reader.json.at("block").integer(1, kLargestBlock),
                                        read_word<BlockOrder>(reader.json, "order", kOrders), kToDepth);
}

}  // namespace

std::span<const OpFormat> formats() {
  static const std::array<OpFormat, 6> table{{
      {.name = "channel slice",
       .keys = {"first", "count"},
       .is = is_op<ChannelRange>,
       .write = write_as<ChannelRange, write_slice>,
       .read = read_slice},
      {.name = "channel permutation",
       .keys = {"order"},
       .is = is_op<ChannelPermutation>,
       .write = write_as<ChannelPermutation, write_permutation>,
       .read = read_permutation},
      {.name = "depth to space",
       .keys = {"block", "order"},
       .is = is_shuffle<false>,
       .write = write_as<PixelShuffle, write_shuffle>,
       .read = read_shuffle<false>},
      {.name = "space to depth",
       .keys = {"block", "order"},
       .is = is_shuffle<true>,
       .write = write_as<PixelShuffle, write_shuffle>,
       .read = read_shuffle<true>},
      {.name = "pad",
       .keys = {"pad", "rule", "value"},
       .is = is_op<Pad>,
       .write = write_as<Pad, write_pad>,
       .read = read_pad},
      {.name = "resize",
       .keys = {"mode", "coordinates", "step", "rounding", "size", "factors"},
       .is = is_op<Resize>,
       .write = write_as<Resize, write_resize>,
       .read = read_resize},
  }};
  return table;
}

}  // namespace phosphene::formats_of_rearrangements
