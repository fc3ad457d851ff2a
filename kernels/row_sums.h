// Sums over the rows of a map, where a sum over all positions of an image has been taken by rows of the map first:
//   dst[n, i] = sum over y of src[n, y, i]
// in the order of the rows. A row of the body is an image, elements are `row_elements` numbers side by side; overwrites; one access and
// one FLOP per element of src.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

template <class Storage>
struct SumOverRows {
  static constexpr int cpu_lanes = 32;
  static constexpr int gpu_lanes = 4;
  const float* src;
  Storage* dst;
  int64_t rows_per_image, row_elements;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int i, Lanes<N>) const {
    float sum[N], next[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int64_t y = 0; y < rows_per_image; ++y) {
      load<N>(src + (image * rows_per_image + y) * row_elements + i, next);
      for (int l = 0; l < N; ++l) sum[l] += next[l];
    }
    store<N>(dst + image * row_elements + i, sum);
  }
};

}  // namespace phosphene
