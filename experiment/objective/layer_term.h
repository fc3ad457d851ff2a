// DeepDream's objective on a whole layer: kernels/layer_objective.h has the formula.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind layer_kind();

}  // namespace phosphene
