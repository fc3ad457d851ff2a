// Which sums and masks the gradient of a convolution takes up (runtime/fuse.h).
#pragma once

#include "runtime/tensor.h"

namespace phosphene {

struct GradientEpilogues {
  bool sums = false;            // of gradients that are convolutions themselves (refuse_rotation)
  bool sums_of_others = false;  // and of all others
  bool masks = false;
};

// Those of cuDNN 9.19 from compute capability 8.0 on: its engines that take up anything use tensor cores, so in float32 none does.
constexpr GradientEpilogues cudnn_epilogues(DType storage, bool tf32) {
  const bool tensor_cores = storage == DType::bf16 || tf32;
  return {tensor_cores, tensor_cores, tensor_cores};
}

}  // namespace phosphene
