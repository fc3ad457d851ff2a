// Our own kernels on a GPU. They are compiled by subject (launches_<subject>.cu), so that a kernel that is touched recompiles those of
// its subject alone.
#pragma once

#include <cuda_runtime.h>

#include "runtime/launches/around_library.h"
#include "runtime/problems/network.h"

namespace phosphene {

class Problem;

// Enqueues the kernels of one problem, always of the kind that it was chosen for.
using LaunchProblem = cudaError_t (*)(const Problem& problem, const Operands& operands, cudaStream_t stream);

// How a problem of the subject is launched; null for any other.
LaunchProblem choose_network_launch(const Problem& problem);
LaunchProblem choose_arithmetic_launch(const Problem& problem);
LaunchProblem choose_activation_launch(const Problem& problem);
LaunchProblem choose_image_launch(const Problem& problem);
LaunchProblem choose_transform_launch(const Problem& problem);
LaunchProblem choose_objective_launch(const Problem& problem);
LaunchProblem choose_penalty_launch(const Problem& problem);
LaunchProblem choose_rearrange_launch(const Problem& problem);
LaunchProblem choose_optimiser_launch(const Problem& problem);

// What a library's call leaves over, enqueued.
cudaError_t launch_cuda(const AccumulateProblem& sum, const Operands& operands, cudaStream_t stream);
cudaError_t launch_cuda(const LibraryStep& step, const Operands& operands, cudaStream_t stream);

}  // namespace phosphene
