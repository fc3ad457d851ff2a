// The kernels around a library's calls, on a GPU.
#include "runtime/cuda/launcher.cuh"

namespace phosphene {

cudaError_t launch_cuda(const LibraryStep& step, const Operands& operands, cudaStream_t stream) {
  return std::visit([&](const auto& one) { return launch_one(one, operands, stream); }, step);
}

}  // namespace phosphene
