// Vectors of floats for bodies that share work between neighbours, which the compiler cannot derive from loops. Only on the CPU; and
// that lanes choose what they read only with AVX2 or AVX-512: elsewhere PHOSPHENE_CPU_PICKS is not defined, and a body does without.
#pragma once

#include "kernels/host_device.h"

#ifndef __CUDACC__
#if defined(__AVX2__) && defined(__FMA__)
#define PHOSPHENE_CPU_PICKS
#include <immintrin.h>
#endif

namespace phosphene {

PHOSPHENE_HD Floats floats_at(const float* from) { return *reinterpret_cast<const Floats*>(from); }
PHOSPHENE_HD Floats floats_at(const Bfloat16* from) {
  Floats wide;
  widen_vector(from, reinterpret_cast<float*>(&wide));
  return wide;
}
template <class Storage>
PHOSPHENE_HD void put(const Floats& from, Storage* to) {
  narrow_vector(reinterpret_cast<const float*>(&from), to);
}

// The same of the first `count` numbers where there are fewer than a vector has; those behind them are 0.
template <class Storage>
PHOSPHENE_HD Floats floats_at(const Storage* from, int count) {
  if (count >= kVectorised) return floats_at(from);
  Floats x{};
  for (int l = 0; l < count; ++l) x[l] = widen(from[l]);
  return x;
}
template <class Storage>
PHOSPHENE_HD void put(const Floats& from, int count, Storage* to) {
  if (count >= kVectorised) return put(from, to);
  for (int l = 0; l < count; ++l) narrow(from[l], to[l]);
}

PHOSPHENE_HD Words bits_of(Floats x) { return reinterpret_cast<Words>(x); }
PHOSPHENE_HD Floats number_of(Words bits) { return reinterpret_cast<Floats>(bits); }
PHOSPHENE_HD Floats magnitude(Floats x) { return number_of(bits_of(x) & 0x7FFFFFFFU); }

// As that of a float (kernels/numbers.h), written as one instruction where there is one: only optimisation would guarantee that.
PHOSPHENE_HD Floats fused(Floats a, Floats b, Floats c) {
#if defined(PHOSPHENE_CPU_PICKS) && defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(PHOSPHENE_CPU_PICKS)
  return _mm256_fmadd_ps(a, b, c);
#else
  for (int l = 0; l < kVectorised; ++l) a[l] = __builtin_fmaf(a[l], b[l], c[l]);
  return a;
#endif
}

}  // namespace phosphene
#endif

#ifdef PHOSPHENE_CPU_PICKS
namespace phosphene {

using Indices [[gnu::vector_size(kVectorised * 4), gnu::aligned(4), gnu::may_alias]] = int32_t;

PHOSPHENE_HD Indices indices_at(const int32_t* from) { return *reinterpret_cast<const Indices*>(from); }

// Stays in a register from here on: GCC 12 would reload it for each use, and such loops would wait for the load.
PHOSPHENE_HD void keep(Floats& x) { asm("" : "+v"(x)); }
PHOSPHENE_HD void keep(Indices& x) { asm("" : "+v"(x)); }

// With a mask, as GCC 12 takes what is masked out in the others for uninitialised.
PHOSPHENE_HD Floats larger(Floats a, Floats b) {
#ifdef __AVX512F__
  return _mm512_maskz_max_ps(0xFFFF, a, b);
#else
  return _mm256_max_ps(a, b);
#endif
}

// Lane l of the result is lane which[l] of `from`, counted modulo the number of lanes.
PHOSPHENE_HD Floats pick(Floats from, Indices which) {
#ifdef __AVX512F__
  return _mm512_maskz_permutexvar_ps(0xFFFF, reinterpret_cast<__m512i>(which), from);
#else
  return _mm256_permutevar8x32_ps(from, reinterpret_cast<__m256i>(which));
#endif
}

// The same of two vectors, one behind the other.
PHOSPHENE_HD Floats pick(Floats from, Floats behind, Indices which) {
#ifdef __AVX512F__
  return _mm512_permutex2var_ps(from, reinterpret_cast<__m512i>(which), behind);
#else
  const Indices eight_as_sign = which << 28;
  return _mm256_blendv_ps(pick(from, which), pick(behind, which), reinterpret_cast<__m256>(eight_as_sign));
#endif
}

// Three vectors and the same numbers as triples (a0 b0 c0 a1 ...): what to pick out of the first two, then out of that and the third.
struct Triples {
  struct Picks {
    int32_t of_two[3][kVectorised], with_third[3][kVectorised];
  };
  Picks together, apart;
  int32_t lane[kVectorised];       // itself
  int32_t triple[3][kVectorised];  // the triple that a lane of the three vectors belongs to

  constexpr Triples() : together(), apart(), lane(), triple() {
    for (int part = 0; part < 3; ++part) {
      for (int l = 0; l < kVectorised; ++l) {
        lane[l] = l;
        const int whole = part * kVectorised + l;  // counted over three vectors of triples
        triple[part][l] = whole / 3;
        together.of_two[part][l] = whole / 3 + (whole % 3 == 1 ? kVectorised : 0);
        together.with_third[part][l] = whole % 3 == 2 ? whole / 3 + kVectorised : l;
        const int source = 3 * l + part;
        apart.of_two[part][l] = source < 2 * kVectorised ? source : 0;
        apart.with_third[part][l] = source < 2 * kVectorised ? l : source - kVectorised;
      }
    }
  }
};
inline constexpr Triples kTriples;

PHOSPHENE_HD void arrange(const Triples::Picks& picks, Floats (&x)[3]) {
  Floats to[3];
  for (int part = 0; part < 3; ++part) {
    const Floats of_two = pick(x[0], x[1], indices_at(picks.of_two[part]));
    to[part] = pick(of_two, x[2], indices_at(picks.with_third[part]));
  }
  for (int part = 0; part < 3; ++part) x[part] = to[part];
}

}  // namespace phosphene
#endif
