#include <array>
#include <nlohmann/json.hpp>

#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/concat.h"
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/lrn.h"
#include "loaders/op_formats/op_format.h"

namespace phosphene::formats_of_arithmetic {
namespace {

constexpr int64_t kMaxGroups = 1 << 20, kMaxRadius = 1 << 10;
constexpr size_t kMany = 10000;  // inputs

void write_lrn(LayerWriter& writer, const Lrn& op) {
  writer.json.update({{"radius", op.radius()}, {"alpha", op.alpha()}, {"beta", op.beta()}, {"k", op.k()}});
}

std::shared_ptr<const Op> read_lrn(const LayerReader& reader) {
  const auto number = [&](const char* key) { return reader.json.at(key).number(); };
  const auto radius = static_cast<int>(reader.json.at("radius").integer(0, kMaxRadius));
  return std::make_shared<Lrn>(radius, number("alpha"), number("beta"), number("k"));
}

void write_binary(LayerWriter& writer, const Binary& op) { writer.json["operation"] = op.operation_name(); }

std::shared_ptr<const Op> read_binary(const LayerReader& reader) {
  return std::make_shared<Binary>(binary_operation(reader.json.at("operation").word(names_of_binary_operations())));
}

template <class OpOfChannels>
void write_factor_and_shift(LayerWriter& writer, const OpOfChannels& op) {
  writer.tensor("factor", op.factor());
  writer.tensor("shift", op.shift());
}

std::shared_ptr<const Op> read_affine(const LayerReader& reader) {
  Weights factor = reader.tensor("factor");
  return std::make_shared<ChannelAffine>(std::move(factor), reader.tensor("shift"));
}

void write_layer_norm(LayerWriter& writer, const LayerNorm& op) {
  writer.json["epsilon"] = op.epsilon();
  write_factor_and_shift(writer, op);
}

std::shared_ptr<const Op> read_layer_norm(const LayerReader& reader) {
  Weights factor = reader.tensor("factor");
  return std::make_shared<LayerNorm>(reader.json.at("epsilon").number(), std::move(factor), reader.tensor("shift"));
}

void write_group_norm(LayerWriter& writer, const GroupNorm& op) {
  writer.json.update({{"groups", op.groups()}, {"epsilon", op.epsilon()}});
  write_factor_and_shift(writer, op);
}

std::shared_ptr<const Op> read_group_norm(const LayerReader& reader) {
  Weights factor = reader.tensor("factor");
  return std::make_shared<GroupNorm>(reader.json.at("groups").integer(1, kMaxGroups),
                                     reader.json.at("epsilon").number(), std::move(factor), reader.tensor("shift"));
}

}  // namespace

std::span<const OpFormat> formats() {
  static const std::array<OpFormat, 7> table{{
      {.name = "concat",
       .keys = {},
       .most_inputs = kMany,
       .is = is_op<Concat>,
       .write = write_as<Concat, write_nothing<Concat>>,
       .read = read_plain<Concat>},
      {.name = "add",
       .keys = {},
       .most_inputs = kMany,
       .is = is_op<Add>,
       .write = write_as<Add, write_nothing<Add>>,
       .read = read_plain<Add>},
      {.name = "binary",
       .keys = {"operation"},
       .least_inputs = 2,
       .most_inputs = 2,
       .is = is_op<Binary>,
       .write = write_as<Binary, write_binary>,
       .read = read_binary},
      {.name = "channel affine",
       .keys = {"factor", "shift"},
       .is = is_op<ChannelAffine>,
       .write = write_as<ChannelAffine, write_factor_and_shift<ChannelAffine>>,
       .read = read_affine},
      {.name = "lrn",
       .keys = {"radius", "alpha", "beta", "k"},
       .is = is_op<Lrn>,
       .write = write_as<Lrn, write_lrn>,
       .read = read_lrn},
      {.name = "layer norm",
       .keys = {"epsilon", "factor", "shift"},
       .is = is_op<LayerNorm>,
       .write = write_as<LayerNorm, write_layer_norm>,
       .read = read_layer_norm},
      {.name = "group norm",
       .keys = {"groups", "epsilon", "factor", "shift"},
       .is = is_op<GroupNorm>,
       .write = write_as<GroupNorm, write_group_norm>,
       .read = read_group_norm},
  }};
  return table;
}

}  // namespace phosphene::formats_of_arithmetic
