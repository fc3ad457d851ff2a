// What every kernel body is written against: where it may run, and how many elements it handles at once.
//
// A kernel body is a named functor with plain members. It never mentions a thread index, barrier, atomic, stream,
// allocation or std::, so the same text is compiled by g++ for the CPU and by nvcc for a GPU.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define PHOSPHENE_HD __host__ __device__ __forceinline__
#define PHOSPHENE_RESTRICT __restrict__
#else
#define PHOSPHENE_HD inline __attribute__((always_inline))
#define PHOSPHENE_RESTRICT __restrict
#endif

namespace phosphene {

// A row body is called as body(row, i, Lanes<N>{}) and handles elements i .. i+N-1 of one row. Window loops stand outside,
// `for (int l = 0; l < N; ++l)` innermost over local arrays: GCC vectorises that shape and no other. A body names the width
// it wants on the CPU as `static constexpr int cpu_lanes` (1 where the launcher's own loop vectorises); tails run with N = 1.
// Every width gives the same bits.
template <int N>
struct Lanes {
  static constexpr int count = N;
};

// Sums run over this many lanes and then a tree, on every backend, so that no thread count changes a bit.
inline constexpr int kSumLanes = 32;

}  // namespace phosphene
