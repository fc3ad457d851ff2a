#include "experiment/dissection/rotation.h"

#include <algorithm>
#include <cmath>

#include "experiment/dissection/symmetric_eigen.h"
#include "layers/image/normal_draws.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// Parts of the draws for directions; objectives take 0.
constexpr uint32_t kRotationPart = 1, kDirectionPart = 2;

double dot_of(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void scale_row(double* row, double factor, size_t n) {
  for (size_t i = 0; i < n; ++i) row[i] *= factor;
}

std::vector<double> normal_rows(size_t n, size_t count, uint64_t seed, uint32_t part) {
  std::vector<double> rows;
  std::vector<float> row(n);
  for (size_t i = 0; i < count; ++i) {
    draw_normal({seed, i}, DrawPurpose::direction, 1, row, part);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

// The sign of the determinant: elimination with the largest pivots.
bool is_reflection(std::vector<double> a, size_t n) {
  bool negative = false;
  for (size_t k = 0; k < n; ++k) {
    stop_if_requested();
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    if (pivot != k) {
      std::swap_ranges(&a[k * n], &a[k * n] + n, &a[pivot * n]);
      negative = !negative;
    }
    if (a[k * n + k] < 0) negative = !negative;
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (size_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return negative;
}

}  // namespace

std::vector<double> random_rotation(size_t n, uint64_t seed) {
  std::vector<double> q = normal_rows(n, n, seed, kRotationPart);
  for (size_t i = 0; i < n; ++i) {
    stop_if_requested();
    double* row = &q[i * n];
    for (int pass = 0; pass < 2; ++pass) {  // a second one takes away what rounding left
      for (size_t j = 0; j < i; ++j) {
        const double share = dot_of(row, &q[j * n], n);
        for (size_t k = 0; k < n; ++k) row[k] -= share * q[j * n + k];
      }
    }
    scale_row(row, 1 / std::sqrt(dot_of(row, row, n)), n);
  }
  if (is_reflection(q, n)) scale_row(&q[(n - 1) * n], -1, n);
  return q;
}

RotationPowers::RotationPowers(const std::vector<double>& q, size_t n) : n_(n) {
  std::vector<double> symmetric(n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) symmetric[i * n + j] = (q[i * n + j] + q[j * n + i]) / 2;
  vectors_ = symmetric_eigen(std::move(symmetric), n).vectors;
  std::vector<double> turned(n);
  for (size_t plane = 0; plane < n / 2; ++plane) {
    stop_if_requested();
    const double *u = &vectors_[2 * plane * n], *v = u + n;
    double entries[4];  // of the plane's block: u'Qu, u'Qv, v'Qu, v'Qv
    for (size_t side = 0; side < 2; ++side) {
      for (size_t i = 0; i < n; ++i) turned[i] = dot_of(&q[i * n], side == 0 ? u : v, n);
      entries[side] = dot_of(u, turned.data(), n);
      entries[2 + side] = dot_of(v, turned.data(), n);
    }
    angles_.push_back(std::atan2(entries[2] - entries[1], entries[0] + entries[3]));
  }
}

std::vector<double> RotationPowers::power(double alpha) const {
  const size_t n = n_;
  std::vector<double> q(n * n, 0);
  for (size_t row = 0; row < n; ++row) {
    stop_if_requested();
    double* out = &q[row * n];
    for (size_t plane = 0; plane < angles_.size(); ++plane) {
      const double *u = &vectors_[2 * plane * n], *v = u + n;
      const double c = std::cos(alpha * angles_[plane]), s = std::sin(alpha * angles_[plane]);
      const double on_u = c * u[row] + s * v[row], on_v = c * v[row] - s * u[row];
      for (size_t i = 0; i < n; ++i) out[i] += on_u * u[i] + on_v * v[i];
    }
    if (n % 2 == 0) continue;
    const double* axis = &vectors_[(n - 1) * n];
    for (size_t i = 0; i < n; ++i) out[i] += axis[row] * axis[i];
  }
  for (size_t i = 0; i < n; ++i) {
    const size_t next = (i + 1) % n;
    const double length = dot_of(&q[i * n], &q[i * n], n), other = n > 1 ? dot_of(&q[i * n], &q[next * n], n) : 0;
    if (!(std::abs(length - 1) < 1e-8 && std::abs(other) < 1e-8))
      fail_internal("RotationPowers", "row {} of a power of a rotation of {} dimensions is not orthonormal", i, n);
  }
  return q;
}

double mean_diagonal(const std::vector<double>& q, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::abs(q[i * n + i]);
  return sum / static_cast<double>(n);
}

std::vector<double> random_directions(size_t n, size_t count, uint64_t seed) {
  std::vector<double> rows = normal_rows(n, count, seed, kDirectionPart);
  for (size_t i = 0; i < count; ++i) scale_row(&rows[i * n], 1 / std::sqrt(dot_of(&rows[i * n], &rows[i * n], n)), n);
  return rows;
}

}  // namespace phosphene
