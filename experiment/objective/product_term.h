// Two units, multiplied: kernels/product.h has the formula.
#pragma once

#include "experiment/objective/term.h"

namespace phosphene {

TermKind product_kind();

}  // namespace phosphene
