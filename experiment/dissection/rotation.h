// Random rotations of a layer's channels and their powers, between the units themselves and a basis that has nothing to do with them
// (D. Bau et al., "Network Dissection", CVPR 2017, section 3.2). A rotated unit is a_k = sum over j of Q[k, j] a_j at every position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace phosphene {

// A rotation of n dimensions, row-major, uniform over all (Haar's measure): normally distributed rows, orthonormalised in order so
// that the diagonal of the triangular factor is positive, without which it would not be uniform (F. Mezzadri, "How to generate random matrices
// from the classical compact groups", Notices of the AMS 54, 2007); the last row is negated where the determinant is -1.
std::vector<double> random_rotation(size_t n, uint64_t seed);

// Q^alpha for alpha in [0, 1]: the same planes, each angle times alpha, with angles in (-pi, pi): the shortest way from the identity
// to Q. The planes are pairs of eigenvectors of (Q + Q') / 2, whose eigenvalues, the cosines, come in pairs.
class RotationPowers {
 public:
  // `q`: a rotation of n dimensions, row-major.
  RotationPowers(const std::vector<double>& q, size_t n);

  // Row-major. The rows are orthonormal to 1e-8, or it throws fail_internal: planes of nearly the same angle cannot be told apart.
  [[nodiscard]] std::vector<double> power(double alpha) const;

 private:
  size_t n_;
  std::vector<double> vectors_;  // rows: two for each plane, and of odd n the axis last
  std::vector<double> angles_;   // by plane
};

// The mean |Q[k, k]|: how much of a unit is left in the direction that stands for it.
double mean_diagonal(const std::vector<double>& q, size_t n);

// `count` unit vectors of n dimensions, uniform over all directions and so over both signs of each.
std::vector<double> random_directions(size_t n, size_t count, uint64_t seed);

}  // namespace phosphene
