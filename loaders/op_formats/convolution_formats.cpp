#include <array>
#include <nlohmann/json.hpp>

#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/op_formats/op_format.h"

namespace phosphene::formats_of_convolutions {
namespace {

constexpr int64_t kMaxGroups = 1 << 20, kMaxPadding = 1 << 16;

int64_t groups_of(const LayerReader& reader) { return reader.json.at("groups").integer(1, kMaxGroups); }

void write_convolution(LayerWriter& writer, const Convolution& op) {
  writer.json.update({{"window", window_json(op.window())}, {"groups", op.groups()}});
  writer.tensor("weights", op.weights());
  writer.tensor("bias", op.bias());
}

std::shared_ptr<const Op> read_convolution(const LayerReader& reader) {
  Weights weights = reader.required_tensor("weights");
  return std::make_shared<Convolution>(read_window(reader.json), groups_of(reader), std::move(weights),
                                       reader.tensor("bias"));
}

void write_transposed(LayerWriter& writer, const TransposedConvolution& op) {
  const OutputPadding& more = op.output_padding();
  writer.json.update(
      {{"window", window_json(op.window())}, {"groups", op.groups()}, {"output padding", {more.h, more.w}}});
  writer.tensor("weights", op.weights());
  writer.tensor("bias", op.bias());
}

std::shared_ptr<const Op> read_transposed(const LayerReader& reader) {
  Weights weights = reader.required_tensor("weights");
  const std::vector<int64_t> more = reader.json.at("output padding").integers(2, 0, kMaxPadding);
  return std::make_shared<TransposedConvolution>(read_window(reader.json), std::move(weights), groups_of(reader),
                                                 reader.tensor("bias"), OutputPadding{more[0], more[1]});
}

void write_linear(LayerWriter& writer, const Linear& op) {
  writer.tensor("weights", op.weights());
  writer.tensor("bias", op.bias());
}

std::shared_ptr<const Op> read_linear(const LayerReader& reader) {
  Weights weights = reader.required_tensor("weights");
  return std::make_shared<Linear>(std::move(weights), reader.tensor("bias"));
}

}  // namespace

std::span<const OpFormat> formats() {
  static const std::array<OpFormat, 3> table{{
      {.name = "convolution",
       .keys = {"window", "groups", "weights", "bias"},
       .is = is_op<Convolution>,
       .write = write_as<Convolution, write_convolution>,
       .read = read_convolution},
      {.name = "transposed convolution",
       .keys = {"window", "groups", "output padding", "weights", "bias"},
       .is = is_op<TransposedConvolution>,
       .write = write_as<TransposedConvolution, write_transposed>,
       .read = read_transposed},
      {.name = "linear",
       .keys = {"weights", "bias"},
       .is = is_op<Linear>,
       .write = write_as<Linear, write_linear>,
       .read = read_linear},
  }};
  return table;
}

}  // namespace phosphene::formats_of_convolutions
