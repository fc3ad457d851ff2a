#include "loaders/caffe/raw_blob.h"

#include <cstring>

#include "loaders/half.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

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

}  // namespace

std::vector<float> raw_numbers(int type, const std::string& bytes, int64_t count, const std::string& where) {
  constexpr int kLastFloatingPoint = 2;
  const auto held = std::ssize(bytes);
  if (type < 0 || type > kLastFloatingPoint)
    fail(where, "holds raw numbers of type {}; expected 0 to {}", type, kLastFloatingPoint);
  if (held == 2 * count) return converted<uint16_t>(bytes, from_half);
  if (held == 4 * count) return converted<float>(bytes, [](float number) { return number; });
  if (held == 8 * count) return converted<double>(bytes, [](double number) { return static_cast<float>(number); });
  fail(where, "holds {} raw bytes for {} numbers: the two files do not belong together", held, count);
}

}  // namespace phosphene::caffe
