// How near a layer's Gram matrix is to that of a photograph: kernels/style.h has the formula.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind style_kind();

}  // namespace phosphene
