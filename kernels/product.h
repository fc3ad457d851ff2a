// The product of two objectives a and b of a group of images, with A = sum a[n] and B = sum b[n] over the group:
//   value[n] = weight (a[n] B + A b[n]) / 2, whose sum over the group is weight A B
// Gradients (the product rule):  grad_a[n] = weight B,  grad_b[n] = weight A.   A row is an image; overwrites.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

struct Product {
  static constexpr int cpu_lanes = 1;
  const float* a;
  const float* b;
  const ProductRow* rows;
  float* value;
  float* grad_a;
  float* grad_b;
  int group;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int /*i*/, Lanes<N>) const {
    const int64_t first = image / group * group;
    float sum_a = 0.F, sum_b = 0.F;
    for (int j = 0; j < group; ++j) {
      sum_a += a[first + j];
      sum_b += b[first + j];
    }
    const float weight = rows[image].weight;
    value[image] = weight * 0.5F * fused(a[image], sum_b, sum_a * b[image]);
    grad_a[image] = weight * sum_b;
    grad_b[image] = weight * sum_a;
  }
};

}  // namespace phosphene
