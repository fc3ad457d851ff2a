// Discrete Fourier transforms of kVectorLanes complex sequences at once.
//
// X[k] = sum over j of x[j] exp(-2 pi i j k / n), by decimation in frequency in the self-sorting order of Stockham (W. Cochran et al.,
// "What is the fast Fourier transform?", Proc. IEEE 55, 1967): with n = r m, a pass makes of x[p + m j], j = 0 .. r - 1, the r
// numbers at r p + k, each of them a transform of length r times exp(-2 pi i p k / n), and leaves r transforms of length m interleaved.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/cpu/vector.h"

namespace phosphene {

class FourierPlan {
 public:
  // Whether n has no prime factor above 13: others cost more than a matrix product.
  static bool can(int64_t n);

  explicit FourierPlan(int64_t n);

  [[nodiscard]] int64_t size() const { return n_; }
  // re, im: n vectors each, transformed in place; work: 2 n vectors. With re and im exchanged: the inverse, not divided by n.
  void run(Vector* re, Vector* im, Vector* work) const;

 private:
  struct Pass {
    int64_t radix, length;        // n of the transforms this pass divides
    std::vector<float> twiddles;  // cos and -sin of 2 pi p k / length: [p][k = 1 .. radix - 1][2]
  };

  int64_t n_;
  std::vector<Pass> passes_;
};

}  // namespace phosphene
