// The compiler's vectors of float32, as wide as the instruction set it was given: for CPU code whose accumulators must stay in
// registers, which loops over arrays do not promise.
#pragma once

#include <cstdint>

namespace phosphene {

#ifdef __AVX512F__
inline constexpr int kVectorLanes = 16;
#else
inline constexpr int kVectorLanes = 8;
#endif

using Vector [[gnu::vector_size(kVectorLanes * sizeof(float))]] = float;

// A vector at any address of floats.
using VectorAt [[gnu::vector_size(kVectorLanes * sizeof(float)), gnu::aligned(sizeof(float)), gnu::may_alias]] = float;

inline VectorAt& vector_at(float* at) { return *reinterpret_cast<VectorAt*>(at); }
inline const VectorAt& vector_at(const float* at) { return *reinterpret_cast<const VectorAt*>(at); }

inline int64_t round_up(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }

}  // namespace phosphene
