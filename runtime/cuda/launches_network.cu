// The network's kernels on a GPU.
#include "runtime/cuda/launcher.cuh"
#include "runtime/launches/network.h"

namespace phosphene {

LaunchProblem choose_network_launch(const Problem& problem) { return choose_launch(NetworkKernelProblems(), problem); }

cudaError_t launch_cuda(const AccumulateProblem& sum, const Operands& operands, cudaStream_t stream) {
  return launch_one(sum, operands, stream);
}

}  // namespace phosphene
