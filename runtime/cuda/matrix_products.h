// Matrix products by cuBLAS.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// `tf32`: factors of float32 may be rounded to 11 bits.
PlannedTask plan_matrix_products(Device& device, const MatrixProductsProblem& problem, bool tf32);

}  // namespace phosphene
