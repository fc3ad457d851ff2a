// The largest numbers that configs may hold.
#pragma once

#include <cstdint>

namespace phosphene {

inline constexpr int64_t kMaxSide = 1 << 14;  // of the image, in pixels
inline constexpr int64_t kMaxUnits = 1 << 24;
inline constexpr double kAny = 1e30;

}  // namespace phosphene
