// Objectives along a direction of a layer's channels: kernels/direction_objective.h has the formula.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind direction_kind();
// A direction for each position of a patch.
TermKind tensor_direction_kind();

}  // namespace phosphene
