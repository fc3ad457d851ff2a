#include "experiment/config/size.h"

#include "experiment/image/parameterization.h"

namespace phosphene {

Value<Size> size_value() {
  const auto square = [](int64_t side) { return Size{side, side}; };
  const auto sides = [](const std::vector<int64_t>& both) { return Size{both[0], both[1]}; };
  return either<Size>({converted(integer(1, kMaxSide), square), converted(list(integer(1, kMaxSide), 2, 2), sides)});
}

}  // namespace phosphene
