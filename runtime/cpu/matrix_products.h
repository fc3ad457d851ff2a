// Matrix products by oneDNN.
#pragma once

#include <string>

#include "runtime/backend.h"
#include "runtime/cpu/parallel.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// Blocks of 64 rows, each by one thread, so that no number of threads changes a sum's order.
PlannedTask plan_matrix_products(const MatrixProductsProblem& problem, const Parallel& parallel,
                                 const std::string& where);

}  // namespace phosphene
