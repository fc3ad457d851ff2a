#include "runtime/cuda/launches.h"

#include <variant>

#include "kernels/launch_cuda.cuh"
#include "runtime/launches.h"

namespace phosphene {
namespace {

// The launcher that runtime/launches.h is written against. The first failure is kept.
struct CudaLauncher {
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

template <class P>
concept Launchable = requires(const CudaLauncher& launcher, const P& problem, const Operands& operands) {
  launch(launcher, problem, operands);
};

template <class Alternatives>
cudaError_t launch_any(const Alternatives& alternatives, const Operands& operands, cudaStream_t stream) {
  cudaError_t status = cudaSuccess;
  const CudaLauncher launcher{stream, &status};
  std::visit(
      [&](const auto& problem) {
        if constexpr (Launchable<std::decay_t<decltype(problem)>>) launch(launcher, problem, operands);
      },
      alternatives);
  return status;
}

}  // namespace

cudaError_t launch_cuda(const Problem& problem, const Operands& operands, cudaStream_t stream) {
  return launch_any(problem, operands, stream);
}

cudaError_t launch_cuda(const LibraryStep& step, const Operands& operands, cudaStream_t stream) {
  return launch_any(step, operands, stream);
}

}  // namespace phosphene
