// Matrix products by oneDNN.
#pragma once

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"

namespace phosphene {

PlannedTask plan_matrix_products(const MatrixProductsProblem& problem, const Parallel& parallel);

}  // namespace phosphene
