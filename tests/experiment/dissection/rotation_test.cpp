#include "experiment/dissection/rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "experiment/dissection/symmetric_eigen.h"
#include "tests/support/golden.h"

namespace phosphene::rotation_test {
namespace {

using Matrix = std::vector<double>;

Matrix product(const Matrix& a, const Matrix& b, size_t n) {
  Matrix c(n * n, 0);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < n; ++k)
      for (size_t j = 0; j < n; ++j) c[i * n + j] += a[i * n + k] * b[k * n + j];
  return c;
}

Matrix identity(size_t n) {
  Matrix i(n * n, 0);
  for (size_t k = 0; k < n; ++k) i[k * n + k] = 1;
  return i;
}

Matrix transposed(const Matrix& a, size_t n) {
  Matrix t(n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) t[i * n + j] = a[j * n + i];
  return t;
}

double largest_difference(const Matrix& a, const Matrix& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// Sums of up to 33 products below 1, each rounded by 2^-53, and eigenvectors that are as far off as that divided by the gap of their
// values: 1e-12 leaves a factor of some hundred.
constexpr double kExact = 1e-12;

TEST(SymmetricEigen, VectorsAndValuesMakeTheMatrixAgain) {
  for (const size_t n : {1U, 2U, 3U, 17U, 40U}) {
    const Matrix q = random_rotation(n, 4);
    Matrix a(n * n);
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) a[i * n + j] = q[i * n + j] + q[j * n + i];
    const SymmetricEigen eigen = symmetric_eigen(a, n);
    Matrix scaled = eigen.vectors;
    for (size_t i = 0; i < n * n; ++i) scaled[i] *= eigen.values[i / n];
    EXPECT_LT(largest_difference(product(transposed(eigen.vectors, n), scaled, n), a), kExact) << n;
    EXPECT_LT(largest_difference(product(eigen.vectors, transposed(eigen.vectors, n), n), identity(n)), kExact) << n;
    EXPECT_TRUE(std::is_sorted(eigen.values.begin(), eigen.values.end()));
  }
  const SymmetricEigen diagonal = symmetric_eigen({2, 0, 0, 0, 2, 0, 0, 0, -1}, 3);
  EXPECT_EQ(diagonal.values, (std::vector<double>{-1, 2, 2}));
}

TEST(RandomRotation, IsARotationOfItsSeed) {
  for (const size_t n : {2U, 5U, 32U}) {
    for (const uint64_t seed : {0U, 1U, 2U}) {
      const Matrix q = random_rotation(n, seed);
      EXPECT_LT(largest_difference(product(q, transposed(q, n), n), identity(n)), kExact);
      EXPECT_EQ(q, random_rotation(n, seed));
    }
  }
  for (const uint64_t seed : {0U, 1U, 2U, 3U}) {
    const Matrix q = random_rotation(2, seed);
    EXPECT_NEAR(q[0] * q[3] - q[1] * q[2], 1, kExact) << "the determinant";
  }
}

// Uniform: of 2000 rotations of three dimensions every entry has the mean 0 and the variance 1/3. A mean of 2000 is off by
// sqrt(1/3/2000) = .013, a mean of squares (variance 4/45) by .0067 (standard deviations): five of these.
TEST(RandomRotation, IsUniform) {
  constexpr int kDraws = 2000;
  std::vector<double> sums(9, 0), squares(9, 0);
  for (int seed = 0; seed < kDraws; ++seed) {
    const Matrix q = random_rotation(3, static_cast<uint64_t>(seed));
    for (size_t i = 0; i < 9; ++i) {
      sums[i] += q[i] / kDraws;
      squares[i] += q[i] * q[i] / kDraws;
    }
  }
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(sums[i], 0, 5 * 0.013) << i;
    EXPECT_NEAR(squares[i], 1.0 / 3, 5 * 0.0067) << i;
  }
}

TEST(RotationPowers, AreTheWayFromTheIdentityToTheRotation) {
  for (const size_t n : {2U, 5U, 32U, 33U}) {
    const Matrix q = random_rotation(n, 9);
    const RotationPowers powers(q, n);
    EXPECT_LT(largest_difference(powers.power(0), identity(n)), kExact) << n;
    EXPECT_LT(largest_difference(powers.power(1), q), kExact) << n;
    const Matrix half = powers.power(0.5), quarter = powers.power(0.25);
    EXPECT_LT(largest_difference(product(half, half, n), q), kExact) << n;
    EXPECT_LT(largest_difference(product(quarter, quarter, n), half), kExact) << n;
    EXPECT_LT(largest_difference(product(half, quarter, n), powers.power(0.75)), kExact) << n;
    EXPECT_GT(mean_diagonal(quarter, n), mean_diagonal(half, n));
  }
}

TEST(RotationPowers, AreThoseOfTheRealSchurForm) {
  PHOSPHENE_ASSET(tensors, "reference/golden/evidence.safetensors");
  const auto golden = testing::read_golden_tensors(tensors);
  const RotationPowers powers(golden.at("rotation/Q").data, 32);
  EXPECT_LT(largest_difference(powers.power(0.25), golden.at("rotation/Q^0.25").data), kExact);
  EXPECT_LT(largest_difference(powers.power(0.5), golden.at("rotation/Q^0.5").data), kExact);
  EXPECT_LT(largest_difference(powers.power(1), golden.at("rotation/Q").data), kExact);
}

TEST(RandomDirections, AreUnitVectors) {
  const Matrix rows = random_directions(50, 4, 1);
  ASSERT_EQ(rows.size(), 200U);
  for (size_t i = 0; i < 4; ++i) {
    double square = 0;
    for (size_t j = 0; j < 50; ++j) square += rows[i * 50 + j] * rows[i * 50 + j];
    EXPECT_NEAR(square, 1, kExact);
  }
  EXPECT_NE(rows, random_directions(50, 4, 2));
}

}  // namespace
}  // namespace phosphene::rotation_test
