// A half spectrum between our layout and a library's. Ours is planar, C x 2H x K: H rows of real parts above H rows of imaginary
// ones. A Fourier library's is C x H x K interleaved complex numbers, K = W'/2 + 1.
//
// Pack:    dst[ky, kx] = z[ky, kx], but in columns 0 and K - 1, which a real image fixes to be Hermitian along ky,
//          dst[ky] = (z[ky] + conj z[(H - ky) mod H]) / 2: what the definition of the inverse transform (runtime/problems/image.h,
//          InverseFourierProblem) takes of them. Complex-to-real transforms of libraries leave that undefined.
// Unpack:  dst = m(kx) src, m = 1 in columns 0 and K - 1, else 2: the transpose of the unnormalised inverse is the forward
//          transform times m, since each column between stands for its mirror image too.
// Rows are (plane, ky), elements kx; overwrites; 16 bytes per complex number (24 in the two columns of Pack), 4 FLOPs at most.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

struct PackHalfSpectrum {
  static constexpr int cpu_lanes = 1;
  const float* src;
  float* dst;
  int64_t h, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t ky = row % h;
    const float* re = src + (row - ky) * 2 * k;
    const float* im = re + h * k;
    const int64_t mirrored = ky == 0 ? 0 : h - ky;
    for (int l = 0; l < N; ++l) {
      const int64_t kx = i + l;
      float real = re[ky * k + kx], imaginary = im[ky * k + kx];
      if (kx == 0 || kx == k - 1) {
        real = 0.5F * (real + re[mirrored * k + kx]);
        imaginary = 0.5F * (imaginary - im[mirrored * k + kx]);
      }
      float* out = dst + 2 * (row * k + kx);
      out[0] = real;
      out[1] = imaginary;
    }
  }
};

struct UnpackHalfSpectrum {
  static constexpr int cpu_lanes = 1;
  const float* src;
  float* dst;
  int64_t h, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t ky = row % h;
    float* re = dst + (row - ky) * 2 * k;
    float* im = re + h * k;
    for (int l = 0; l < N; ++l) {
      const int64_t kx = i + l;
      const float m = kx == 0 || kx == k - 1 ? 1.F : 2.F;
      const float* z = src + 2 * (row * k + kx);
      re[ky * k + kx] = m * z[0];
      im[ky * k + kx] = m * z[1];
    }
  }
};

}  // namespace phosphene
