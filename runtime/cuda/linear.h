// Linear layers by cuBLAS.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/cuda/weights.h"

namespace phosphene {

// How cuBLAS is to multiply matrices of a storage. `tf32`: factors of float32 may be rounded to 11 bits.
struct ProductTypes {
  DType storage;
  cudaDataType data;
  cublasComputeType_t compute;
};
ProductTypes product_types(DType storage, bool tf32);

PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearProblem& problem, bool tf32);
PlannedTask plan_linear(Device& device, DeviceWeights& weights, const LinearBackwardProblem& problem, bool tf32);

}  // namespace phosphene
