// The interface of every kernel body: where it may run, and how many elements it handles at once.
//
// A kernel body is a named functor with plain members. It never mentions a thread index, barrier, atomic, stream,
// allocation or std::, so the same text is compiled by g++ for the CPU and by nvcc for a GPU. Where neighbours share work that loops
// over lanes would repeat, a body has a form for vectors beside it (kernels/vector_cpu.h, `whole_row` in kernels/launch_cpu.h).
#pragma once

#include <cstdint>

#if defined(__AVX512BF16__) && !defined(__CUDACC__)
#define PHOSPHENE_CPU_NARROWS
#include <immintrin.h>
#endif

#ifdef __CUDACC__
#define PHOSPHENE_HD __host__ __device__ __forceinline__
#define PHOSPHENE_RESTRICT __restrict__
#else
#define PHOSPHENE_HD inline __attribute__((always_inline))
#define PHOSPHENE_RESTRICT __restrict
#endif

// A rarely run part of a body. On a CPU it is a separate function, so that it does not compete for registers.
#ifdef __CUDACC__
#define PHOSPHENE_CPU_APART PHOSPHENE_HD
#else
#define PHOSPHENE_CPU_APART [[gnu::noinline]]
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

// How a network's values lie in memory: float, or the upper half of one (8 bits of exponent, 7 of mantissa). Bodies compute in
// float32 whatever the storage, so that every sum is one of float32.
struct Bfloat16 {
  uint16_t bits;
};

PHOSPHENE_HD float widen(float x) { return x; }
PHOSPHENE_HD float widen(Bfloat16 x) {
  const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float wide;
  __builtin_memcpy(&wide, &bits, sizeof(wide));
  return wide;
}

// To the nearest, ties to even; NaN stays NaN. AVX512-BF16 takes what is below 2^-126 for 0, so where kernels are compiled for it this
// does too: every width gives the same bits.
PHOSPHENE_HD void narrow(float x, float& narrowed) { narrowed = x; }
PHOSPHENE_HD void narrow(float x, Bfloat16& narrowed) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof(bits));
#ifdef PHOSPHENE_CPU_NARROWS
  if ((bits & 0x7F800000U) == 0) bits &= 0x80000000U;
#endif
  const uint32_t rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16;
  const uint32_t quiet = bits >> 16 | 0x40U;
  narrowed.bits = static_cast<uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : rounded);
}

#ifndef __CUDACC__
// Neighbours in the compiler's vectors, as wide as a register. GCC 12 does not vectorise loops that change the width of numbers once
// it has unrolled them, calls memcpy for those that only copy, and expands that in parts which a vector's load must wait for.
#ifdef __AVX512F__
inline constexpr int kVectorised = 16;
#else
inline constexpr int kVectorised = 8;
#endif
using Floats [[gnu::vector_size(kVectorised * 4), gnu::aligned(4), gnu::may_alias]] = float;
using Words [[gnu::vector_size(kVectorised * 4), gnu::aligned(4), gnu::may_alias]] = uint32_t;
using Halves [[gnu::vector_size(kVectorised * 2), gnu::aligned(2), gnu::may_alias]] = uint16_t;

PHOSPHENE_HD void widen_vector(const float* from, float* to) {
  *reinterpret_cast<Floats*>(to) = *reinterpret_cast<const Floats*>(from);
}
PHOSPHENE_HD void widen_vector(const Bfloat16* from, float* to) {
  *reinterpret_cast<Words*>(to) = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16;
}

PHOSPHENE_HD void narrow_vector(const float* from, float* to) { widen_vector(from, to); }
PHOSPHENE_HD void narrow_vector(const float* from, Bfloat16* to) {
#ifdef PHOSPHENE_CPU_NARROWS
  const __m256bh halves = _mm512_cvtneps_pbh(_mm512_loadu_ps(from));
  __builtin_memcpy(to, &halves, sizeof(halves));
#else
  const Words bits = *reinterpret_cast<const Words*>(from);
  const Words rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16, quiet = bits >> 16 | 0x40U;
  *reinterpret_cast<Halves*>(to) =
      __builtin_convertvector((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet : rounded, Halves);
#endif
}
#endif

template <int N, class Storage>
PHOSPHENE_HD void load_each(const Storage* PHOSPHENE_RESTRICT from, float (&x)[N]) {
#ifndef __CUDACC__
  if constexpr (N % kVectorised == 0) {
    for (int l = 0; l < N; l += kVectorised) widen_vector(from + l, x + l);
    return;
  }
#endif
  for (int l = 0; l < N; ++l) x[l] = widen(from[l]);
}

template <int N, class Storage>
PHOSPHENE_HD void store_each(Storage* PHOSPHENE_RESTRICT to, const float (&x)[N]) {
#ifndef __CUDACC__
  if constexpr (N % kVectorised == 0) {
    for (int l = 0; l < N; l += kVectorised) narrow_vector(x + l, to + l);
    return;
  }
#endif
  for (int l = 0; l < N; ++l) narrow(x[l], to[l]);
}

// What one access of a GPU reads or writes at most, in numbers: 16 bytes.
template <class Storage>
inline constexpr int kGpuLanes = 16 / sizeof(Storage);

// N neighbouring numbers from or to memory. On a GPU four or eight of them are one access or two: their address must then be a multiple
// of what they have together, up to 16 bytes, which a body promises by `gpu_lanes` and `wide()` (kernels/launch_cuda.cuh).
template <int N>
PHOSPHENE_HD void load(const float* PHOSPHENE_RESTRICT from, float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    const float4 four = *reinterpret_cast<const float4*>(from);
    x[0] = four.x;
    x[1] = four.y;
    x[2] = four.z;
    x[3] = four.w;
  } else if constexpr (N == 8) {
    float half[4];
    for (int part = 0; part < N; part += 4) {
      load<4>(from + part, half);
      for (int l = 0; l < 4; ++l) x[part + l] = half[l];
    }
  } else
#endif
  {
    load_each(from, x);
  }
}

#ifdef __CUDA_ARCH__
// Two numbers of a word.
__device__ __forceinline__ void widen_word(uint32_t word, float& low, float& high) {
  low = __uint_as_float(word << 16);
  high = __uint_as_float(word & 0xFFFF0000U);
}
__device__ __forceinline__ uint32_t narrow_word(float low, float high) {
  Bfloat16 narrowed[2];
  narrow(low, narrowed[0]);
  narrow(high, narrowed[1]);
  return narrowed[0].bits | static_cast<uint32_t>(narrowed[1].bits) << 16;
}
#endif

template <int N>
PHOSPHENE_HD void load(const Bfloat16* PHOSPHENE_RESTRICT from, float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    const uint2 four = *reinterpret_cast<const uint2*>(from);
    widen_word(four.x, x[0], x[1]);
    widen_word(four.y, x[2], x[3]);
  } else if constexpr (N == 8) {
    const uint4 eight = *reinterpret_cast<const uint4*>(from);
    widen_word(eight.x, x[0], x[1]);
    widen_word(eight.y, x[2], x[3]);
    widen_word(eight.z, x[4], x[5]);
    widen_word(eight.w, x[6], x[7]);
  } else
#endif
  {
    load_each(from, x);
  }
}

template <int N>
PHOSPHENE_HD void store(float* PHOSPHENE_RESTRICT to, const float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    *reinterpret_cast<float4*>(to) = make_float4(x[0], x[1], x[2], x[3]);
  } else if constexpr (N == 8) {
    *reinterpret_cast<float4*>(to) = make_float4(x[0], x[1], x[2], x[3]);
    *reinterpret_cast<float4*>(to + 4) = make_float4(x[4], x[5], x[6], x[7]);
  } else
#endif
  {
    store_each(to, x);
  }
}

template <int N>
PHOSPHENE_HD void store(Bfloat16* PHOSPHENE_RESTRICT to, const float (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N == 4) {
    *reinterpret_cast<uint2*>(to) = make_uint2(narrow_word(x[0], x[1]), narrow_word(x[2], x[3]));
  } else if constexpr (N == 8) {
    *reinterpret_cast<uint4*>(to) =
        make_uint4(narrow_word(x[0], x[1]), narrow_word(x[2], x[3]), narrow_word(x[4], x[5]), narrow_word(x[6], x[7]));
  } else
#endif
  {
    store_each(to, x);
  }
}

// The same of whole numbers below 256, a byte each.
template <int N>
PHOSPHENE_HD void load_bytes(const unsigned char* PHOSPHENE_RESTRICT from, int32_t (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N % 4 == 0) {
    for (int part = 0; part < N; part += 4) {
      const uchar4 four = *reinterpret_cast<const uchar4*>(from + part);
      x[part] = four.x;
      x[part + 1] = four.y;
      x[part + 2] = four.z;
      x[part + 3] = four.w;
    }
  } else
#endif
  {
    for (int l = 0; l < N; ++l) x[l] = from[l];
  }
}

template <int N>
PHOSPHENE_HD void store_bytes(unsigned char* PHOSPHENE_RESTRICT to, const int32_t (&x)[N]) {
#ifdef __CUDA_ARCH__
  if constexpr (N % 4 == 0) {
    for (int part = 0; part < N; part += 4) {
      const auto byte = [&](int l) { return static_cast<unsigned char>(x[part + l]); };
      *reinterpret_cast<uchar4*>(to + part) = make_uchar4(byte(0), byte(1), byte(2), byte(3));
    }
  } else
#endif
  {
    for (int l = 0; l < N; ++l) to[l] = static_cast<unsigned char>(x[l]);
  }
}

// Sums run over this many lanes and then a tree, on every backend, so that no thread count changes a bit.
inline constexpr int kSumLanes = 32;

}  // namespace phosphene
