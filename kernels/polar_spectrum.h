// A half spectrum from a fixed magnitude and a phase: what MaCo optimises (T. Fel et al., NeurIPS 2023).
//   re = magnitude cos phase,   im = magnitude sin phase
//   grad_phase = re grad_im - im grad_re
// The magnitude is C x H x K, the same for every image; the phase planar N x C x H x K; the spectrum planar N x C x 2H x K, H rows of real
// parts above H rows of imaginary ones. Rows are (n, c, ky), elements kx; overwrites. 16 bytes and about 60 FLOPs in double per
// coefficient forward, 20 bytes and 3 FLOPs backward.
#pragma once

#include "kernels/angles.h"
#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

// Where the real parts of a spectrum's row begin; its imaginary ones follow h k numbers later.
PHOSPHENE_HD int64_t real_parts_of(int64_t row, int64_t h, int64_t k) { return (row / h * 2 * h + row % h) * k; }

struct PolarToSpectrum {
  static constexpr int cpu_lanes = 1;
  const float* magnitude;
  const float* phase;
  float* spectrum;
  int64_t rows_per_image, h, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const float* m = magnitude + row % rows_per_image * k + i;
    const float* p = phase + row * k + i;
    float *re = spectrum + real_parts_of(row, h, k) + i, *im = re + h * k;
    for (int l = 0; l < N; ++l) {
      const auto [sine, cosine] = sine_cosine(static_cast<double>(p[l]));
      re[l] = static_cast<float>(static_cast<double>(m[l]) * cosine);
      im[l] = static_cast<float>(static_cast<double>(m[l]) * sine);
    }
  }
};

struct PolarToSpectrumBackward {
  static constexpr int cpu_lanes = 32;
  const float* grad_spectrum;
  const float* spectrum;
  float* grad_phase;
  int64_t h, k;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t at = real_parts_of(row, h, k) + i, part = h * k;
    float re[N], im[N], grad_re[N], grad_im[N];
    load<N>(spectrum + at, re);
    load<N>(spectrum + at + part, im);
    load<N>(grad_spectrum + at, grad_re);
    load<N>(grad_spectrum + at + part, grad_im);
    for (int l = 0; l < N; ++l) re[l] = fused(-im[l], grad_re[l], rounded_product(re[l], grad_im[l]));
    store<N>(grad_phase + row * k + i, re);
  }
};

}  // namespace phosphene
