// Problems: what an op asks of a backend, as plain data. A backend accepts a problem, or refuses with a reason; it never
// sees a layer. Each struct lists its operands in order, sources first. Shapes are N C H W whatever the layout; network
// values are channels_last, image values planar. `storage` is how the network's values among the operands lie in memory: f32 or
// bf16; sums are float32 either way. A problem whose kernels need scratch memory has `workspace_bytes()`.
#pragma once

#include <utility>
#include <variant>
#include <vector>

#include "runtime/problems/activation.h"
#include "runtime/problems/arithmetic.h"
#include "runtime/problems/image.h"
#include "runtime/problems/network.h"
#include "runtime/problems/objective.h"
#include "runtime/problems/optimiser.h"
#include "runtime/problems/rearrange.h"

namespace phosphene {

// Those that a backend solves by libraries or code of its own, and those that it solves by our kernels.
using LibraryProblems = decltype(NetworkLibraryProblems() + ImageLibraryProblems() + ObjectiveLibraryProblems());
using KernelProblems = decltype(NetworkKernelProblems() + ArithmeticKernelProblems() + ActivationKernelProblems() +
                                RearrangeKernelProblems() + ImageKernelProblems() + TransformKernelProblems() +
                                ObjectiveKernelProblems() + PenaltyKernelProblems() + OptimiserKernelProblems());
using AllProblems = decltype(LibraryProblems() + KernelProblems());

template <class List>
struct VariantOf;
template <class... P>
struct VariantOf<ProblemList<P...>> {
  using Type = std::variant<P...>;
};

// One of all problems. A variant whose copies are compiled once, in problem.cpp, and not in each file that makes one; std::visit,
// std::get and std::get_if take it as they take any.
class Problem : public VariantOf<AllProblems>::Type {
 public:
  using Variant = VariantOf<AllProblems>::Type;

  template <class P>
  requires kListed<P, AllProblems> Problem(P problem) : Variant(std::in_place_type<P>, std::move(problem)) {}
  Problem(const Problem&);
  Problem(Problem&&) noexcept;
  Problem& operator=(const Problem&);
  Problem& operator=(Problem&&) noexcept;
  ~Problem();
};

// Multiplications and additions of a problem, and the fewest bytes it can move: for tables and benchmarks.
double flops(const Problem& problem);

// Weights and bias of a convolution, also a transposed one, and of a linear layer; none of other problems. A layer without a bias has an
// empty one.
std::vector<Weights> weights_of(const Problem& problem);

// Scratch memory that the kernels of a problem need; 0 for one that a library solves.
int64_t workspace_bytes(const Problem& problem);

}  // namespace phosphene
