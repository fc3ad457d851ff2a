#include "layers/network/channel_constants.h"

#include "runtime/error.h"

namespace phosphene {

Weights as_row(Weights constant) {
  if (constant.data == nullptr) return {};
  constant.shape = {constant.elements()};
  return constant;
}

std::vector<OpConstant> factor_and_shift(const Weights& factor, const Weights& shift) {
  std::vector<OpConstant> constants;
  if (factor.data != nullptr) constants.push_back({"factor", factor});
  if (shift.data != nullptr) constants.push_back({"shift", shift});
  return constants;
}

void require_one_per_channel(std::string_view name, const Weights& numbers, const Shape& src) {
  if (numbers.elements() != src.c)
    fail("", "expected a {} of {} numbers, one for each channel, got {}", name, src.c, numbers.elements());
}

void require_channels_last(std::span<const TensorInfo> src, std::string_view kind) {
  if (src.empty() || src[0].layout != Layout::channels_last)
    fail_internal("", "a {} needs one value, channels last", kind);
}

}  // namespace phosphene
