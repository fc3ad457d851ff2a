#include "loaders/tensorflow/tensor.h"

#include <algorithm>
#include <cstring>

#include "loaders/half.h"
#include "runtime/error.h"

namespace phosphene::tensorflow {
namespace {

using source::Constant;

int64_t bytes_per_element(DataType type) {
  switch (type) {
    case DT_DOUBLE:
    case DT_INT64:
      return 8;
    case DT_FLOAT:
    case DT_INT32:
      return 4;
    case DT_HALF:
    case DT_BFLOAT16:
    case DT_INT16:
    case DT_UINT16:
      return 2;
    default:
      return 1;
  }
}

template <class Stored, class Value, class Convert>
std::vector<Value> converted(const std::string& content, Convert convert) {
  std::vector<Value> values(content.size() / sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, content.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
  return values;
}

std::vector<float> floats_in(const std::string& content, DataType type) {
  if (type == DT_FLOAT) return converted<float, float>(content, [](float value) { return value; });
  if (type == DT_DOUBLE)
    return converted<double, float>(content, [](double value) { return static_cast<float>(value); });
  if (type == DT_HALF) return converted<uint16_t, float>(content, from_half);
  return converted<uint16_t, float>(content, from_bfloat16);
}

template <class Stored>
std::vector<int64_t> widened(const std::string& content) {
  return converted<Stored, int64_t>(content, [](Stored value) { return static_cast<int64_t>(value); });
}

std::vector<int64_t> integers_in(const std::string& content, DataType type) {
  switch (type) {
    case DT_INT64:
      return widened<int64_t>(content);
    case DT_INT32:
      return widened<int32_t>(content);
    case DT_INT16:
      return widened<int16_t>(content);
    case DT_UINT16:
      return widened<uint16_t>(content);
    case DT_INT8:
      return widened<int8_t>(content);
    case DT_BOOL:
      return converted<uint8_t, int64_t>(content, [](uint8_t value) { return value != 0 ? 1 : 0; });
    default:
      return widened<uint8_t>(content);
  }
}

template <class Value, class List, class Convert>
std::vector<Value> listed(const List& list, Convert convert) {
  std::vector<Value> values;
  values.reserve(static_cast<size_t>(list.size()));
  for (const auto& value : list) values.push_back(convert(value));
  return values;
}

std::vector<float> listed_floats(const TensorProto& tensor) {
  if (tensor.dtype() == DT_FLOAT) return listed<float>(tensor.float_val(), [](float value) { return value; });
  if (tensor.dtype() == DT_DOUBLE)
    return listed<float>(tensor.double_val(), [](double value) { return static_cast<float>(value); });
  const bool half = tensor.dtype() == DT_HALF;
  return listed<float>(tensor.half_val(), [half](int32_t bits) {
    return half ? from_half(static_cast<uint16_t>(bits)) : from_bfloat16(static_cast<uint16_t>(bits));
  });
}

std::vector<int64_t> listed_integers(const TensorProto& tensor) {
  const auto same = [](auto value) { return static_cast<int64_t>(value); };
  if (tensor.dtype() == DT_INT64) return listed<int64_t>(tensor.int64_val(), same);
  if (tensor.dtype() == DT_BOOL) return listed<int64_t>(tensor.bool_val(), same);
  return listed<int64_t>(tensor.int_val(), same);
}

// TensorFlow repeats the last number of a list that is too short, and 0 if there is none.
template <class Value>
std::vector<Value> filled(std::vector<Value> values, int64_t count, const std::string& place) {
  if (static_cast<int64_t>(values.size()) > count)
    fail(place, "holds {} numbers, but its shape asks for {}", values.size(), count);
  const Value last = values.empty() ? Value{} : values.back();
  values.resize(static_cast<size_t>(count), last);
  return values;
}

std::vector<int64_t> dims_stated(const TensorShapeProto& shape, const std::string& place) {
  std::vector<int64_t> dims;
  for (const auto& dim : shape.dim()) dims.push_back(dim.size());
  if (shape.unknown_rank() || std::any_of(dims.begin(), dims.end(), [](int64_t dim) { return dim < 0; }))
    fail(place, "holds a tensor without a shape");
  return dims;
}

}  // namespace

bool is_floating(DataType type) {
  return type == DT_FLOAT || type == DT_DOUBLE || type == DT_HALF || type == DT_BFLOAT16;
}

bool is_number(DataType type) {
  switch (type) {
    case DT_INT8:
    case DT_UINT8:
    case DT_INT16:
    case DT_UINT16:
    case DT_INT32:
    case DT_INT64:
    case DT_BOOL:
      return true;
    default:
      return is_floating(type);
  }
}

std::string name_of(DataType type) {
  return DataType_IsValid(type) ? DataType_Name(type) : fmt::format("type {}", static_cast<int>(type));
}

void TensorReader::take_filling(int64_t bytes, const std::string& place) {
  if (bytes > filling_) fail(place, "repeats one number {} bytes long: more than a file of this size may", bytes);
  filling_ -= bytes;
}

Constant TensorReader::read(const TensorProto& tensor, const std::string& place) {
  const DataType type = tensor.dtype();
  if (!is_number(type)) fail(place, "holds a tensor of {}; expected numbers", name_of(type));
  Constant constant;
  constant.dims = dims_stated(tensor.tensor_shape(), place);
  constant.integral = !is_floating(type);
  const int64_t count = at_place(place, [&] { return constant.elements(); });
  const std::string& content = tensor.tensor_content();
  if (content.empty()) {
    int64_t bytes = 0;
    if (__builtin_mul_overflow(count, int64_t{8}, &bytes))
      fail(place, "has {} elements: more than memory can hold", count);
    take_filling(bytes, place);
    if (constant.integral) return Constant::of(filled(listed_integers(tensor), count, place), constant.dims);
    return Constant::of(filled(listed_floats(tensor), count, place), constant.dims);
  }
  const auto size = static_cast<int64_t>(content.size());
  if (size % bytes_per_element(type) != 0 || size / bytes_per_element(type) != count) {
    fail(place, "holds {} bytes, but its shape [{}] of {} asks for {} elements", size, fmt::join(constant.dims, ", "),
         name_of(type), count);
  }
  if (constant.integral) return Constant::of(integers_in(content, type), constant.dims);
  const auto address = reinterpret_cast<uintptr_t>(content.data());
  if (type != DT_FLOAT || address % alignof(float) != 0) return Constant::of(floats_in(content, type), constant.dims);
  constant.numbers = {owner_, reinterpret_cast<const float*>(content.data()), constant.dims};
  return constant;
}

}  // namespace phosphene::tensorflow
