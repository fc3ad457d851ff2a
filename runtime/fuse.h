// Passes that rewrite the lowered list before planning. Values stay the same; only the way they are computed changes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/graph.h"
#include "runtime/problems/problem.h"

namespace phosphene {

// A node after lowering: what a backend is asked, and on which values.
struct Instruction {
  Problem problem;
  std::vector<ValueId> src;
  std::vector<ValueId> dst;
  std::string layer;
  std::string kind;
  bool updates_state = false;
};

std::vector<Instruction> lower(const Graph& graph);

// Removes every instruction whose results reach neither `keep` nor a state.
void prune(std::vector<Instruction>& list, std::span<const ValueId> keep);

// Convolution + ReLU becomes one instruction where nothing else reads what stands between; chains of Accumulate become one;
// the mask of a ReLU moves into the gradient of a pooling or a normalisation that read it; a whitening whose only reader is Adam
// moves into Adam. Sums and masks that `allowed` lets them take up move into the gradients of the convolutions that make their terms.
using AllowedEpilogues = std::function<GradientEpilogues(DType storage)>;
void fuse(std::vector<Instruction>& list, const Graph& graph, std::span<const ValueId> keep,
          const AllowedEpilogues& allowed);

}  // namespace phosphene
