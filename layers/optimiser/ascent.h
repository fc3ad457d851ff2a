// The optimiser of a step: which rule changes the parameters along their gradients, and what is done to the gradients before.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "layers/optimiser/adam.h"
#include "layers/optimiser/momentum.h"

namespace phosphene {

// steepest: momentum on gradients that are divided by their L2 norm.
enum class OptimiserKind : uint8_t { adam, nadam, sgd, sign, steepest };

struct OptimiserAttributes {
  OptimiserKind kind = OptimiserKind::adam;
  AdamAttributes adam{};          // adam, nadam
  MomentumAttributes momentum{};  // the others
  double clip_norm = 0;           // the most a gradient's norm may be; 0: anything
};

// A parameter, its gradient, and the stopped_at_rows of its owners: images, or groups that share it.
struct ParameterUpdate {
  ValueId parameter = kNoValue, gradient = kNoValue, stopped_at = kNoValue;
};

// Appends one update of every parameter. Norms run over all parameters of an owner.
void append_ascent(Graph& graph, const OptimiserAttributes& attributes, std::span<const ParameterUpdate> parameters,
                   ValueId step);

// The states that append_ascent adds for a parameter of this name.
std::vector<std::string> optimiser_states(const OptimiserAttributes& attributes, const std::string& parameter);

}  // namespace phosphene
