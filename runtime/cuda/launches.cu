// Compiles the kernels of every problem for a GPU, at the two widths that matter there. What a launch needs besides the
// bodies is in kernels/launch_cuda.cuh; libraries' problems (convolution, linear, inverse Fourier) have no body of
// ours.
#include "runtime/launches.h"

#include <type_traits>
#include <variant>

#include "kernels/launch_cuda.cuh"
#include "runtime/problems.h"

namespace phosphene {
namespace {

// The launcher that runtime/launches.h is written against. N elements are handled by one thread.
template <int N>
struct CudaLauncher {
  cudaStream_t stream = nullptr;

  template <class Body>
  void rows(int64_t count, int first, int last, const Body& body) const {
    launch_rows_cuda<N>(stream, count, first, last, body);
  }
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    launch_rows_cuda<N>(stream, count, 0, elements, body);
  }
  template <class Body>
  void tiles(int64_t count, int64_t /*elements*/, const Body& body) const {
    launch_tiles_cuda(stream, count, body);
  }
};

template <class P>
concept LibraryProblem = std::is_same_v<P, ConvolutionProblem> || std::is_same_v<P, ConvolutionBackwardProblem> ||
    std::is_same_v<P, LinearProblem> || std::is_same_v<P, LinearBackwardProblem> ||
    std::is_same_v<P, InverseFourierProblem> || std::is_same_v<P, InverseFourierBackwardProblem>;

template <int N>
void launch_problem(const Problem& problem, const Operands& operands, cudaStream_t stream) {
  std::visit(
      [&](const auto& p) {
        if constexpr (!LibraryProblem<std::decay_t<decltype(p)>>) launch(CudaLauncher<N>{stream}, p, operands);
      },
      problem);
}

}  // namespace

// Enqueues the kernels of one problem; with `wide`, four elements per thread.
void launch_cuda(const Problem& problem, const Operands& operands, cudaStream_t stream, bool wide) {
  if (wide)
    launch_problem<4>(problem, operands, stream);
  else
    launch_problem<1>(problem, operands, stream);
}

}  // namespace phosphene
