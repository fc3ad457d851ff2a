#include "loaders/state_dict/state_tensor.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "loaders/half.h"
#include "loaders/shown.h"
#include "loaders/zip.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr size_t kMaxRank = 8;  // networks have five
constexpr uint32_t kExponent = 0x7F800000;

struct TypeRow {
  const char* name;
  size_t bytes;
  bool floating;
};
constexpr TypeRow kTypes[] = {{"F16", 2, true},  {"BF16", 2, true}, {"F32", 4, true},  {"F64", 8, true},
                              {"I8", 1, false},  {"I16", 2, false}, {"I32", 4, false}, {"I64", 8, false},
                              {"U8", 1, false},  {"U16", 2, false}, {"U32", 4, false}, {"U64", 8, false},
                              {"BOOL", 1, false}};
const TypeRow& row_of(StateType type) { return kTypes[static_cast<size_t>(type)]; }

template <class... Arguments>
[[noreturn]] void refuse(const StateTensor& tensor, fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  fail(tensor.storage->file, "tensor '{}' {}", shown(tensor.name),
       fmt::format(what, std::forward<Arguments>(arguments)...));
}

bool is_row_major(const StateTensor& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.dims.size(); i-- > 0;) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.dims[i];
  }
  return true;
}

const std::byte* first_element(const StateTensor& tensor) {
  return tensor.storage->bytes.data() + static_cast<size_t>(tensor.offset) * bytes_of(tensor.type);
}

// Calls `row(src, count, stride)` for each row along the last dimension, in row-major order; `src` points at its first element.
template <class Row>
void for_each_row(const StateTensor& tensor, Row row) {
  if (tensor.elements() == 0) return;
  const size_t rank = tensor.dims.size();
  const int64_t count = rank == 0 ? 1 : tensor.dims.back(), stride = rank == 0 ? 1 : tensor.strides.back();
  const auto size = static_cast<int64_t>(bytes_of(tensor.type));
  std::vector<int64_t> index(rank, 0);
  int64_t offset = 0;
  while (true) {
    row(first_element(tensor) + offset * size, count, stride * size);
    size_t i = rank;
    while (i-- > 0) {
      if (i + 1 == rank) continue;  // the row's own dimension
      offset += tensor.strides[i];
      if (++index[i] < tensor.dims[i]) break;
      offset -= tensor.strides[i] * tensor.dims[i];
      index[i] = 0;
    }
    if (i == ~size_t{0}) return;
  }
}

template <class Stored>
Stored stored_at(const std::byte* src, bool big_endian) {
  Stored value;
  if (!big_endian || sizeof(Stored) == 1) {
    std::memcpy(&value, src, sizeof(value));
  } else {
    std::byte turned[sizeof(Stored)];
    std::reverse_copy(src, src + sizeof(Stored), turned);
    std::memcpy(&value, turned, sizeof(value));
  }
  return value;
}

// Every element as a Number, by way of the type it is stored as.
template <class Stored, class Number, class Convert>
std::vector<Number> gathered(const StateTensor& tensor, Convert convert) {
  std::vector<Number> numbers(static_cast<size_t>(tensor.elements()));
  Number* dst = numbers.data();
  for_each_row(tensor, [&](const std::byte* src, int64_t count, int64_t stride) {
    for (int64_t i = 0; i < count; ++i) *dst++ = convert(stored_at<Stored>(src + i * stride, tensor.big_endian));
  });
  return numbers;
}

std::vector<float> floats(const StateTensor& tensor) {
  switch (tensor.type) {
    case StateType::f16:
      return gathered<uint16_t, float>(tensor, from_half);
    case StateType::bf16:
      return gathered<uint16_t, float>(tensor, from_bfloat16);
    case StateType::f32:
      return gathered<float, float>(tensor, [](float value) { return value; });
    case StateType::f64:
      return gathered<double, float>(tensor, [](double value) { return static_cast<float>(value); });
    default:
      refuse(tensor, "holds integers ({}); expected floating-point numbers", name_of(tensor.type));
  }
}

template <class Stored>
std::vector<int64_t> widened(const StateTensor& tensor) {
  return gathered<Stored, int64_t>(tensor, [&](Stored value) {
    if (!std::in_range<int64_t>(value)) refuse(tensor, "holds {}, which exceeds 63 bits", value);
    return static_cast<int64_t>(value);
  });
}

// "[0, 3]" for the element at `at` in row-major order.
std::string index_text(const std::vector<int64_t>& dims, int64_t at) {
  std::vector<int64_t> index(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    index[i] = at % dims[i];
    at /= dims[i];
  }
  return fmt::format("[{}]", fmt::join(index, ", "));
}

void check_finite(const StateTensor& tensor, std::span<const float> numbers) {
  const auto special = [](float number) { return (std::bit_cast<uint32_t>(number) & kExponent) == kExponent; };
  constexpr size_t kBlock = 4096;  // within a block nothing branches
  for (size_t begin = 0; begin < numbers.size(); begin += kBlock) {
    stop_if_requested();
    const size_t end = std::min(begin + kBlock, numbers.size());
    bool found = false;
    for (size_t i = begin; i < end; ++i) found |= special(numbers[i]);
    if (!found) continue;
    const auto at =
        static_cast<size_t>(std::find_if(numbers.begin() + begin, numbers.end(), special) - numbers.begin());
    const bool not_a_number = (std::bit_cast<uint32_t>(numbers[at]) & ~kExponent << 1 >> 1) != 0;
    refuse(tensor, "holds {} at {}: a network cannot compute with it", not_a_number ? "NaN" : "an infinite number",
           index_text(tensor.dims, static_cast<int64_t>(at)));
  }
}

}  // namespace

const char* name_of(StateType type) { return row_of(type).name; }
size_t bytes_of(StateType type) { return row_of(type).bytes; }
bool is_floating(StateType type) { return row_of(type).floating; }

void StateStorage::check() const {
  if (!crc || checked) return;
  if (crc32_of(bytes) != *crc)
    fail(file, "{} has another checksum (CRC-32) than the archive's directory says: the file is damaged", name);
  checked = true;
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& dims, bool column_major) {
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    const size_t dim = column_major ? i : dims.size() - 1 - i;
    strides[dim] = stride;
    stride *= std::max<int64_t>(dims[dim], 1);
  }
  return strides;
}

void check_layout(const StateTensor& tensor) {
  if (tensor.dims.size() > kMaxRank)
    refuse(tensor, "has {} dimensions; at most {} are read", tensor.dims.size(), kMaxRank);
  if (tensor.dims.size() != tensor.strides.size())
    refuse(tensor, "has {} dimensions, but {} strides", tensor.dims.size(), tensor.strides.size());
  const auto held = static_cast<int64_t>(tensor.storage->bytes.size() / bytes_of(tensor.type));
  const auto impossible = [&] {
    refuse(tensor, "has the impossible shape [{}], strides [{}] and offset {}", fmt::join(tensor.dims, ", "),
           fmt::join(tensor.strides, ", "), tensor.offset);
  };
  int64_t elements = 1, last = tensor.offset;
  if (tensor.offset < 0) impossible();
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    int64_t reach = 0;
    if (tensor.dims[i] < 0 || tensor.strides[i] < 0 ||
        __builtin_mul_overflow(elements, std::max<int64_t>(tensor.dims[i], 1), &elements) ||
        __builtin_mul_overflow(std::max<int64_t>(tensor.dims[i] - 1, 0), tensor.strides[i], &reach) ||
        __builtin_add_overflow(last, reach, &last))
      impossible();
  }
  if (tensor.elements() != 0 && last >= held) {
    refuse(tensor, "of shape [{}] reaches to element {} of {}, which has {}", fmt::join(tensor.dims, ", "), last,
           tensor.storage->name, held);
  }
}

int64_t StateTensor::elements() const {
  int64_t count = 1;
  for (const int64_t size : dims) count *= size;
  return count;
}

bool StateTensor::mapped() const {
  return type == StateType::f32 && !big_endian && elements() != 0 && is_row_major(*this) &&
         reinterpret_cast<uintptr_t>(first_element(*this)) % alignof(float) == 0;
}

Weights StateTensor::weights() const {
  storage->check();
  if (mapped()) {
    const auto* const data = reinterpret_cast<const float*>(first_element(*this));
    check_finite(*this, {data, static_cast<size_t>(elements())});
    return {storage->owner, data, dims};
  }
  std::vector<float> numbers = floats(*this);
  check_finite(*this, numbers);
  return Weights::from(std::move(numbers), dims);
}

std::vector<int64_t> StateTensor::integers() const {
  storage->check();
  switch (type) {
    case StateType::i8:
      return widened<int8_t>(*this);
    case StateType::i16:
      return widened<int16_t>(*this);
    case StateType::i32:
      return widened<int32_t>(*this);
    case StateType::i64:
      return widened<int64_t>(*this);
    case StateType::u8:
      return widened<uint8_t>(*this);
    case StateType::u16:
      return widened<uint16_t>(*this);
    case StateType::u32:
      return widened<uint32_t>(*this);
    case StateType::u64:
      return widened<uint64_t>(*this);
    case StateType::boolean:
      return gathered<uint8_t, int64_t>(*this, [&](uint8_t value) {
        if (value > 1) refuse(*this, "holds {} where a boolean should be 0 or 1", value);
        return static_cast<int64_t>(value);
      });
    default:
      refuse(*this, "holds floating-point numbers ({}); expected integers", name_of(type));
  }
}

}  // namespace phosphene
