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

// N neighbouring floats from or to memory. On a GPU four of them are one access: their address must then be a multiple of 16,
// which a body promises by `gpu_lanes` and `wide()` (kernels/launch_cuda.cuh).
template <int N>
PHOSPHENE_HD void load(const float* PHOSPHENE_RESTRICT from, float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    x[0] = four.x;
    x[1] = four.y;
    x[2] = four.z;
    x[3] = four.w;
  } else
#endif
  {
    for (int l = 0; l < N; ++l) x[l] = from[l];
  }
}

template <int N>
PHOSPHENE_HD void store(float* PHOSPHENE_RESTRICT to, const float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    *reinterpret_cast<float4*>(to) = make_float4(x[0], x[1], x[2], x[3]);
  } else
#endif
  {
    for (int l = 0; l < N; ++l) to[l] = x[l];
  }
}

// Sums run over this many lanes and then a tree, on every backend, so that no thread count changes a bit.
inline constexpr int kSumLanes = 32;

}  // namespace phosphene
