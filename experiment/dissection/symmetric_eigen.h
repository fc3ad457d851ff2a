// Eigenvalues and eigenvectors of symmetric matrices in double precision.
#pragma once

#include <cstddef>
#include <vector>

namespace phosphene {

struct SymmetricEigen {
  std::vector<double> values;   // rising
  std::vector<double> vectors;  // row i: the unit vector of value i
};

// `matrix`: n x n, row-major. Householder's reduction to tridiagonal form, then implicit QR steps with Wilkinson's shifts: G. Golub, C. Van
// Loan, "Matrix Computations", 4th edition, algorithms 8.3.1 and 8.3.2. Takes about 10 n^3 operations.
SymmetricEigen symmetric_eigen(std::vector<double> matrix, size_t n);

}  // namespace phosphene
