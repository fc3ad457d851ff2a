#include "loaders/caffe/blobs.h"

#include <cstring>

#include "loaders/caffe/layer_types.h"
#include "loaders/half.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

using source::Constant;

template <class T, class Convert>
std::vector<float> converted(const std::string& bytes, const Convert& convert) {
  std::vector<float> numbers;
  for (size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T number;
    std::memcpy(&number, bytes.data() + i, sizeof(T));
    numbers.push_back(convert(number));
  }
  return numbers;
}

std::vector<float> raw_numbers(int type, const std::string& bytes, int64_t count, const std::string& where) {
  constexpr int kLastFloatingPoint = 2;
  const auto held = std::ssize(bytes);
  if (type < 0 || type > kLastFloatingPoint)
    fail(where, "holds raw numbers of type {}; expected 0 to {}", type, kLastFloatingPoint);
  if (count > 0 && held == 2 * count) return converted<uint16_t>(bytes, from_half);
  if (count > 0 && held == 4 * count) return converted<float>(bytes, [](float number) { return number; });
  if (count > 0 && held == 8 * count)
    return converted<double>(bytes, [](double number) { return static_cast<float>(number); });
  fail(where, "holds {} raw bytes for {} numbers", held, count);
}

}  // namespace

Constant numbers_of(const BlobProto& blob, std::shared_ptr<const google::protobuf::Message> owner,
                    const std::string& where) {
  Constant constant;
  const bool old = blob.has_num() || blob.has_channels() || blob.has_height() || blob.has_width();
  if (blob.has_shape())
    constant.dims.assign(blob.shape().dim().begin(), blob.shape().dim().end());
  else if (old)
    constant.dims = {blob.num(), blob.channels(), blob.height(), blob.width()};
  const int64_t stated = at_place(where, [&] { return constant.elements(); });
  int64_t count = blob.data_size();
  std::vector<float> numbers;
  if (count == 0) {
    for (const double number : blob.double_data()) numbers.push_back(static_cast<float>(number));
    if (numbers.empty() && blob.has_raw_data())
      numbers = raw_numbers(blob.raw_data_type(), blob.raw_data(), stated, where);
    count = std::ssize(numbers);
  }
  if (!blob.has_shape() && !old) constant.dims = {count};
  if (count != constant.elements())
    fail(where, "holds {} numbers in a shape of [{}]", count, fmt::join(constant.dims, ", "));
  constant.numbers = blob.data_size() > 0 ? Weights{std::move(owner), blob.data().data(), constant.dims}
                                          : Weights::from(std::move(numbers), constant.dims);
  return constant;
}

BlobsByLayer blobs_by_layer(const NetParameter& weights, const std::string& path) {
  BlobsByLayer blobs;
  const auto keep = [&](const std::string& name, const auto& held) {
    if (!held.empty() && !blobs.emplace(name, &held).second) fail(place_of(path, name), "has weights twice");
  };
  for (const LayerParameter& layer : weights.layer()) keep(layer.name(), layer.blobs());
  for (const V1LayerParameter& layer : weights.layers())
    layer.has_layer() ? keep(layer.layer().name(), layer.layer().blobs()) : keep(layer.name(), layer.blobs());
  return blobs;
}

}  // namespace phosphene::caffe
