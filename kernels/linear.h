// A matrix applied to one vector per row: dst[row, i] = bias[i] + sum over j of src[row, j] matrix[j, i].
// A linear layer forward with matrix = weights transposed (inputs x outputs), and its gradient with matrix = weights (outputs x
// inputs) and no bias: both read the matrix along its rows. Per image, so an image's result cannot depend on its batch.
// Partial sums of 64 terms keep the rounding error near sqrt(inputs / 64) instead of inputs. Overwrites; bound by the matrix:
// one access and 2 FLOPs per entry and row. The bias is float32.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"

namespace phosphene {

template <class Storage>
struct ApplyMatrix {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int kPartialTerms = 64;
  const Storage* src;
  const Storage* matrix;
  const float* bias;  // may be null
  Storage* dst;
  int64_t inputs, outputs;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* PHOSPHENE_RESTRICT x = src + row * inputs;
    float sum[N];
    for (int l = 0; l < N; ++l) sum[l] = 0.F;
    for (int64_t first = 0; first < inputs; first += kPartialTerms) {
      const int64_t last = smaller(first + kPartialTerms, inputs);
      float partial[N], m[N];
      for (int l = 0; l < N; ++l) partial[l] = 0.F;
      for (int64_t j = first; j < last; ++j) {
        load<N>(matrix + j * outputs + i, m);
        for (int l = 0; l < N; ++l) partial[l] = fused(widen(x[j]), m[l], partial[l]);
      }
      for (int l = 0; l < N; ++l) sum[l] += partial[l];
    }
    if (bias != nullptr)
      for (int l = 0; l < N; ++l) sum[l] += bias[i + l];
    store<N>(dst + row * outputs + i, sum);
  }
};

}  // namespace phosphene
