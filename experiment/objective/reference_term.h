// Terms that compare a layer with its activation for a photograph, seen through the same transforms: kernels/reference_objective.h
// has the formulas.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

// A photograph as an objective names it.
Value<NamedFile> photograph_value();

TermKind caricature_kind();
TermKind inversion_kind();

}  // namespace phosphene
