#include "loaders/onnx/onnx_tensor.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is read as it lies in memory");

// Where a type's numbers may stand beside raw_data.
enum class Place : uint8_t { float_data, int32_data, int64_data, double_data, uint64_data, nowhere };

struct Type {
  const char* name;
  uint32_t bytes;  // of a number in raw_data; 0: the type is not read
  Place place;
  int64_t least, most;  // of an integer; what does not fit int64 counts as its largest
};

constexpr int64_t kLeast = INT64_MIN, kMost = INT64_MAX;
constexpr int32_t kFloat = 1, kUint8 = 2, kInt8 = 3, kUint16 = 4, kInt16 = 5, kInt32 = 6, kInt64 = 7, kBool = 9,
                  kFloat16 = 10, kDouble = 11, kUint32 = 12, kUint64 = 13, kBfloat16 = 16;

// By TensorProto.DataType.
constexpr std::array<Type, 27> kTypes = {{{"UNDEFINED", 0, Place::nowhere, 0, 0},
                                          {"FLOAT", 4, Place::float_data, 0, 0},
                                          {"UINT8", 1, Place::int32_data, 0, UINT8_MAX},
                                          {"INT8", 1, Place::int32_data, INT8_MIN, INT8_MAX},
                                          {"UINT16", 2, Place::int32_data, 0, UINT16_MAX},
                                          {"INT16", 2, Place::int32_data, INT16_MIN, INT16_MAX},
                                          {"INT32", 4, Place::int32_data, INT32_MIN, INT32_MAX},
                                          {"INT64", 8, Place::int64_data, kLeast, kMost},
                                          {"STRING", 0, Place::nowhere, 0, 0},
                                          {"BOOL", 1, Place::int32_data, 0, 1},
                                          {"FLOAT16", 2, Place::int32_data, 0, UINT16_MAX},
                                          {"DOUBLE", 8, Place::double_data, 0, 0},
                                          {"UINT32", 4, Place::uint64_data, 0, UINT32_MAX},
                                          {"UINT64", 8, Place::uint64_data, 0, kMost - 1},
                                          {"COMPLEX64", 0, Place::nowhere, 0, 0},
                                          {"COMPLEX128", 0, Place::nowhere, 0, 0},
                                          {"BFLOAT16", 2, Place::int32_data, 0, UINT16_MAX},
                                          {"FLOAT8E4M3FN", 0, Place::nowhere, 0, 0},
                                          {"FLOAT8E4M3FNUZ", 0, Place::nowhere, 0, 0},
                                          {"FLOAT8E5M2", 0, Place::nowhere, 0, 0},
                                          {"FLOAT8E5M2FNUZ", 0, Place::nowhere, 0, 0},
                                          {"UINT4", 0, Place::nowhere, 0, 0},
                                          {"INT4", 0, Place::nowhere, 0, 0},
                                          {"FLOAT4E2M1", 0, Place::nowhere, 0, 0},
                                          {"FLOAT8E8M0", 0, Place::nowhere, 0, 0},
                                          {"UINT2", 0, Place::nowhere, 0, 0},
                                          {"INT2", 0, Place::nowhere, 0, 0}}};

const Type* find_type(int32_t data_type) {
  return data_type >= 0 && static_cast<size_t>(data_type) < kTypes.size() ? &kTypes[static_cast<size_t>(data_type)]
                                                                          : nullptr;
}

// Numbers are taken in pieces of this many, and the pages that they lay in are given back after each.
constexpr uint64_t kPiece = uint64_t{4} << 20;
// Integers are shapes and positions; a byte of the file becomes eight of memory.
constexpr uint64_t kMostIntegers = uint64_t{6} << 20;

float from_half(uint16_t half) {
  const auto sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU, mantissa = half & 0x3FFU;
  constexpr float kSmallest = 0x1p-24F;  // a subnormal half counts these
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(static_cast<float>(mantissa) * kSmallest));
  const uint32_t rebiased = exponent == 0x1F ? 0xFFU : exponent + 127 - 15;
  return std::bit_cast<float>(sign | rebiased << 23 | mantissa << 13);
}

float from_bfloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

bool all_finite(const float* numbers, uint64_t count) {
  constexpr uint32_t kExponent = 0x7F800000U;
  uint32_t odd = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(numbers[i]) & kExponent;
    odd |= static_cast<uint32_t>(exponent == kExponent);
  }
  return odd == 0;
}

template <class Stored>
Stored stored_at(const std::byte* bytes, uint64_t i) {
  Stored stored;
  std::memcpy(&stored, bytes + i * sizeof(Stored), sizeof(Stored));
  return stored;
}

// Numbers [first, last) of raw_data.
void convert(int32_t data_type, const std::byte* raw, uint64_t first, uint64_t last, float* numbers) {
  switch (data_type) {
    case kFloat16:
      for (uint64_t i = first; i < last; ++i) numbers[i] = from_half(stored_at<uint16_t>(raw, i));
      return;
    case kBfloat16:
      for (uint64_t i = first; i < last; ++i) numbers[i] = from_bfloat16(stored_at<uint16_t>(raw, i));
      return;
    case kDouble:
      for (uint64_t i = first; i < last; ++i) numbers[i] = static_cast<float>(stored_at<double>(raw, i));
      return;
    default:
      std::memcpy(numbers + first, raw + first * sizeof(float), (last - first) * sizeof(float));
  }
}

int64_t integer_at(int32_t data_type, const std::byte* raw, uint64_t i) {
  switch (data_type) {
    case kUint8:
    case kBool:
      return stored_at<uint8_t>(raw, i);
    case kInt8:
      return stored_at<int8_t>(raw, i);
    case kUint16:
      return stored_at<uint16_t>(raw, i);
    case kInt16:
      return stored_at<int16_t>(raw, i);
    case kInt32:
      return stored_at<int32_t>(raw, i);
    case kUint32:
      return stored_at<uint32_t>(raw, i);
    case kUint64:
      return static_cast<int64_t>(std::min<uint64_t>(stored_at<uint64_t>(raw, i), INT64_MAX));
    default:
      return stored_at<int64_t>(raw, i);
  }
}

struct Held {
  const char* name;
  Place place;
  uint64_t count;
};

std::array<Held, 5> held_by(const TensorProto& tensor) {
  const auto count = [](int size) { return static_cast<uint64_t>(size); };
  return {{{"float_data", Place::float_data, count(tensor.float_data_size())},
           {"int32_data", Place::int32_data, count(tensor.int32_data_size())},
           {"int64_data", Place::int64_data, count(tensor.int64_data_size())},
           {"double_data", Place::double_data, count(tensor.double_data_size())},
           {"uint64_data", Place::uint64_data, count(tensor.uint64_data_size())}}};
}

// Throws unless the numbers stand in one place, which is right for the type, and are `count`. True when they are raw.
bool check_place(const std::string& path, const std::string& what, const TensorProto& tensor, const Type& type,
                 bool has_raw, uint64_t raw_bytes, uint64_t count) {
  const uint64_t needed = count * type.bytes;
  bool found = has_raw;
  for (const Held& held : held_by(tensor)) {
    if (held.count == 0) continue;
    if (found) fail(path, "{} holds its numbers twice: {} and others", what, held.name);
    if (held.place != type.place) fail(path, "{} is of type {}, but holds {}", what, type.name, held.name);
    if (held.count != count)
      fail(path, "{} holds {} numbers; expected {} for its shape [{}]", what, held.count, count,
           fmt::join(tensor.dims(), ", "));
    found = true;
  }
  if (!found && count > 0) fail(path, "{} holds no numbers; expected {}", what, count);
  if (has_raw && raw_bytes == 0 && count > 0) fail(path, "{} holds no numbers; expected {}", what, count);
  if (has_raw && raw_bytes != needed)
    fail(path, "{} holds {} bytes; expected {} for its shape [{}] and type {}", what, raw_bytes, needed,
         fmt::join(tensor.dims(), ", "), type.name);
  return has_raw;
}

[[noreturn]] void fail_not_finite(const std::string& path, const std::string& what) {
  fail(path, "{} holds a number that is not finite", what);
}

// Float32 of a mapped file at a multiple of four bytes stay where they are; null for others.
const float* usable_in_place(int32_t data_type, const Bytes& raw) {
  const bool aligned = reinterpret_cast<uintptr_t>(raw.span.data()) % alignof(float) == 0;
  return data_type == kFloat && aligned && raw.file != nullptr ? reinterpret_cast<const float*>(raw.span.data())
                                                               : nullptr;
}

Weights weights_of_raw(const std::string& path, const std::string& what, int32_t data_type, const Bytes& raw,
                       uint64_t count, const std::vector<int64_t>& dims) {
  const float* in_place = usable_in_place(data_type, raw);
  std::vector<float> copied(in_place == nullptr ? count : 0);
  for (uint64_t first = 0; first < count; first += kPiece) {
    stop_if_requested();
    const uint64_t last = std::min(count, first + kPiece);
    if (in_place == nullptr) convert(data_type, raw.span.data(), first, last, copied.data());
    if (!all_finite((in_place == nullptr ? copied.data() : in_place) + first, last - first))
      fail_not_finite(path, what);
    if (raw.file != nullptr && last - first == kPiece) raw.file->let_go();
  }
  if (in_place != nullptr) return {raw.file, in_place, dims};
  return Weights::from(std::move(copied), dims);
}

// The numbers of float_data without a copy: the list itself becomes their owner.
Weights weights_of_list(google::protobuf::RepeatedField<float>& list, const std::vector<int64_t>& dims) {
  auto owner = std::make_shared<google::protobuf::RepeatedField<float>>();
  owner->Swap(&list);
  return {owner, owner->data(), dims};
}

}  // namespace

std::string type_name(int32_t data_type) {
  if (data_type == 0) return "no type";
  const Type* type = find_type(data_type);
  return type == nullptr ? fmt::format("type {}", data_type) : fmt::format("type {}", type->name);
}

bool is_floating(int32_t data_type) {
  return data_type == kFloat || data_type == kFloat16 || data_type == kBfloat16 || data_type == kDouble;
}

source::Constant Tensors::numbers(TensorProto& tensor, const std::string& what, const Bytes* raw, uint64_t count) {
  source::Constant constant;
  constant.dims.assign(tensor.dims().begin(), tensor.dims().end());
  if (raw != nullptr) {
    constant.numbers = weights_of_raw(path_, what, tensor.data_type(), *raw, count, constant.dims);
    return constant;
  }
  if (tensor.data_type() == kFloat) {
    constant.numbers = weights_of_list(*tensor.mutable_float_data(), constant.dims);
  } else {
    std::vector<float> copied(tensor.double_data().begin(), tensor.double_data().end());
    for (const int32_t bits : tensor.int32_data()) {
      if (bits < 0 || bits > UINT16_MAX)
        fail(path_, "{} holds {}, which no number of {} is", what, bits, type_name(tensor.data_type()));
      const auto half = static_cast<uint16_t>(bits);
      copied.push_back(tensor.data_type() == kFloat16 ? from_half(half) : from_bfloat16(half));
    }
    constant.numbers = Weights::from(std::move(copied), constant.dims);
  }
  if (!all_finite(constant.numbers.data, count)) fail_not_finite(path_, what);
  return constant;
}

void Tensors::count_integers(const std::string& what, uint64_t count) {
  integers_read_ += std::min(count, kMostIntegers + 1);
  if (integers_read_ > kMostIntegers)
    fail(path_, "{} is of an integer type and has {} elements; at most {} are read in all", what, count, kMostIntegers);
}

source::Constant Tensors::integers(const TensorProto& tensor, const std::string& what, const Bytes* raw,
                                   uint64_t count) {
  const Type& type = *find_type(tensor.data_type());
  std::vector<int64_t> values;
  values.reserve(count);
  const auto add = [&](int64_t value) {
    if (value < type.least || value > type.most)
      fail(path_, "{} holds {}; expected {} to {}, as it is of type {}", what, value, type.least, type.most, type.name);
    values.push_back(value);
  };
  if (raw != nullptr) {
    for (uint64_t i = 0; i < count; ++i) add(integer_at(tensor.data_type(), raw->span.data(), i));
  }
  for (const int32_t value : tensor.int32_data()) add(value);
  for (const int64_t value : tensor.int64_data()) add(value);
  for (const uint64_t value : tensor.uint64_data()) add(static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX)));
  return source::Constant::of(std::move(values), {tensor.dims().begin(), tensor.dims().end()});
}

source::Constant Tensors::read(TensorProto& tensor, const std::string& what, const Bytes* raw) {
  const Type* type = find_type(tensor.data_type());
  if (type == nullptr || type->bytes == 0)
    fail(path_, "{} is of {}; expected FLOAT, FLOAT16, BFLOAT16, DOUBLE, an integer type or BOOL", what,
         type_name(tensor.data_type()));
  if (tensor.has_segment()) fail(path_, "{} is a segment of a larger tensor, which is not supported", what);
  if (tensor.string_data_size() > 0) fail(path_, "{} is of type {}, but holds texts", what, type->name);
  source::Constant shape;
  shape.dims.assign(tensor.dims().begin(), tensor.dims().end());
  const auto count =
      static_cast<uint64_t>(at_place(fmt::format("{}: {}", path_, what), [&] { return shape.elements(); }));
  if (count > UINT64_MAX / 16) fail(path_, "{} has an impossible shape [{}]", what, fmt::join(tensor.dims(), ", "));

  const Bytes own{std::as_bytes(std::span(tensor.raw_data())), nullptr};
  Bytes outside;
  if (raw == nullptr && tensor.has_raw_data()) raw = &own;
  if (tensor.data_location() == 1) {
    if (raw != nullptr && !raw->span.empty())
      fail(path_, "{} holds its numbers twice: raw_data and external_data", what);
    outside = external_.bytes(tensor, what, count * type->bytes);
    raw = &outside;
  } else if (tensor.data_location() != 0 || tensor.external_data_size() > 0) {
    fail(path_, "{} has external data, but its data_location is {}; expected 1 (EXTERNAL)", what,
         tensor.data_location());
  }
  const bool is_raw =
      check_place(path_, what, tensor, *type, raw != nullptr, raw == nullptr ? 0 : raw->span.size(), count);
  if (is_floating(tensor.data_type())) return numbers(tensor, what, is_raw ? raw : nullptr, count);
  count_integers(what, count);
  return integers(tensor, what, is_raw ? raw : nullptr, count);
}

}  // namespace phosphene::onnx
