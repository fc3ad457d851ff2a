#include <array>
#include <nlohmann/json.hpp>

#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/pooling.h"
#include "loaders/op_formats/op_format.h"

namespace phosphene::formats_of_poolings {
namespace {

constexpr int64_t kMaxSide = 1 << 16;
const Words kDivisors = {"padded", "inside"};

template <PoolingKind kKind>
bool is_pooling(const Op& op) {
  const auto* pooling = dynamic_cast<const Pooling*>(&op);
  return pooling != nullptr && pooling->pooling_kind() == kKind;
}

void write_pooling(LayerWriter& writer, const Pooling& op) {
  if (op.pooling_kind() == PoolingKind::average) writer.json["divisor"] = word_of(kDivisors, op.divisor());
  if (op.global())
    writer.json["global"] = true;
  else
    writer.json["window"] = window_json(op.window());
}

template <PoolingKind kKind>
std::shared_ptr<const Op> read_pooling(const LayerReader& reader) {
  const bool global = reader.json.has("global") && reader.json.at("global").boolean();
  const bool average = kKind == PoolingKind::average;
  const PoolingDivisor divisor =
      average ? read_word<PoolingDivisor>(reader.json, "divisor", kDivisors) : PoolingDivisor::padded;
  if (global && reader.json.has("window")) reader.json.refuse("is global and has a window");
  return std::make_shared<Pooling>(kKind, global ? WindowAttributes{} : read_window(reader.json), divisor, global);
}

void write_adaptive(LayerWriter& writer, const AdaptiveAveragePooling& op) {
  writer.json["size"] = {op.rows(), op.columns()};
}

std::shared_ptr<const Op> read_adaptive(const LayerReader& reader) {
  const std::vector<int64_t> size = reader.json.at("size").integers(2, 1, kMaxSide);
  return std::make_shared<AdaptiveAveragePooling>(size[0], size[1]);
}

}  // namespace

std::span<const OpFormat> formats() {
  static const std::array<OpFormat, 3> table{{
      {.name = "max pooling",
       .keys = {"window", "global"},
       .is = is_pooling<PoolingKind::max>,
       .write = write_as<Pooling, write_pooling>,
       .read = read_pooling<PoolingKind::max>},
      {.name = "average pooling",
       .keys = {"window", "global", "divisor"},
       .is = is_pooling<PoolingKind::average>,
       .write = write_as<Pooling, write_pooling>,
       .read = read_pooling<PoolingKind::average>},
      {.name = "adaptive average pooling",
       .keys = {"size"},
       .is = is_op<AdaptiveAveragePooling>,
       .write = write_as<AdaptiveAveragePooling, write_adaptive>,
       .read = read_adaptive},
  }};
  return table;
}

}  // namespace phosphene::formats_of_poolings
