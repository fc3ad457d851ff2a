// Choosing among the ways to compute a convolution: the first that accepts, or the fastest.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cpu/autotune.h"
#include "runtime/cpu/convolution_weights.h"

namespace phosphene {

// A way to compute a convolution.
struct Algorithm {
  std::string name;
  std::function<Candidate(const ConvolutionGeometry&)> make = {};  // oneDNN's; throws dnnl::error where it has nothing
  std::string refusal = {};                                        // known beforehand
  WeightForm weights = WeightForm::plain;
  std::vector<OnednnKind> only = {};       // the kinds of implementation to accept, if not any but the reference
  std::function<PlannedTask()> ours = {};  // instead of `make`: by kernels of our own
};

// The convolution to compute, independent of the implementation.
struct Request {
  std::string where, problem;  // the layer; all that tells one problem from another
  ConvolutionGeometry geometry;
  std::vector<int64_t> operand_bytes;  // in the order of the operands
  bool in_place = false;
  std::function<PlannedTask(const Algorithm&, Candidate, int64_t images)>
      finish;  // so many images, one behind the other
  std::vector<Attempt> attempts;
};

// Without `autotune` the first that accepts, with it the fastest, or the one remembered. Fails when all refuse: oneDNN's reference loops
// are never accepted.
PlannedTask choose(const std::vector<Algorithm>& algorithms, Request request, Autotune* autotune);

}  // namespace phosphene
