// Linear layers by cuBLAS.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/cuda/weights.h"
#include "runtime/problems/network.h"

namespace phosphene {

// cuBLAS takes its scratch memory from the arena, so that a recorded step owns all it touches. 32 MiB is what cuBLAS asks for on
// sm_90 and more than anywhere else (cuBLAS documentation, cublasSetWorkspace); an arena has it anyway.
inline constexpr int64_t kCublasWorkspaceBytes = int64_t{32} << 20;

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
