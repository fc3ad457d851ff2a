// What a file with launches of a GPU needs beside the launches themselves.
#pragma once

#include <variant>

#include "kernels/launch_cuda.cuh"
#include "runtime/cuda/launches.h"
#include "runtime/problems/problem.h"

namespace phosphene {

// The launcher that runtime/launches/ is written against. The first failure is kept.
struct CudaLauncher {
  static constexpr bool on_a_gpu = true;
  cudaStream_t stream;
  cudaError_t* status;

  template <class Body>
  void rows(int64_t count, int first, int last, const Body& body) const {
    keep(launch_rows_cuda(stream, count, first, last, body));
  }
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    keep(launch_rows_cuda(stream, count, 0, elements, body));
  }
  template <class Body>
  void tiles(int64_t count, int64_t /*elements*/, const Body& body) const {
    keep(launch_tiles_cuda(stream, count, body));
  }
  void keep(cudaError_t error) const {
    if (*status == cudaSuccess) *status = error;
  }
};

template <class One>
cudaError_t launch_one(const One& one, const Operands& operands, cudaStream_t stream) {
  cudaError_t status = cudaSuccess;
  launch(CudaLauncher{stream, &status}, one, operands);
  return status;
}

template <class P>
cudaError_t launch_problem(const Problem& problem, const Operands& operands, cudaStream_t stream) {
  return launch_one(std::get<P>(problem), operands, stream);
}

// How a problem that the list has is launched; null for any other.
template <class... P>
LaunchProblem choose_launch(ProblemList<P...> /*launched*/, const Problem& problem) {
  LaunchProblem chosen = nullptr;
  ((chosen = std::holds_alternative<P>(problem) ? &launch_problem<P> : chosen), ...);
  return chosen;
}

}  // namespace phosphene
