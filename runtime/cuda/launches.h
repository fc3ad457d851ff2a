// Our own kernels on a GPU.
#pragma once

#include <cuda_runtime.h>

#include "runtime/launches/around_library.h"
#include "runtime/problems/problem.h"

namespace phosphene {

// Enqueues the kernels of one problem; those that a library solves have none.
cudaError_t launch_cuda(const Problem& problem, const Operands& operands, cudaStream_t stream);
cudaError_t launch_cuda(const LibraryStep& step, const Operands& operands, cudaStream_t stream);

}  // namespace phosphene
