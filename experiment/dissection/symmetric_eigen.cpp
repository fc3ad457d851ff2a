#include "experiment/dissection/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// a += factor * b.
void add_scaled(double* a, double factor, const double* b, size_t n) {
  for (size_t i = 0; i < n; ++i) a[i] += factor * b[i];
}

// I - beta v v', with v in the elements from `first` on.
struct Reflection {
  size_t first = 0;
  std::vector<double> v;
  double beta = 0;
};

// T = Q' A Q, whose diagonal and the one beside it are kept.
struct Tridiagonal {
  std::vector<double> diagonal, beside;
  std::vector<Reflection> reflections;  // Q is their product, the first first
};

// The reflection that takes column k below the diagonal to a multiple of its first element, which is returned in `length`.
Reflection reflection_of(const std::vector<double>& a, size_t n, size_t k, double& length) {
  Reflection reflection{k + 1, {}, 0};
  for (size_t i = k + 1; i < n; ++i) reflection.v.push_back(a[i * n + k]);
  std::vector<double>& v = reflection.v;
  const double norm = std::sqrt(dot(v.data(), v.data(), v.size()));
  length = v[0] > 0 ? -norm : norm;
  v[0] -= length;
  const double square = dot(v.data(), v.data(), v.size());
  reflection.beta = square > 0 ? 2 / square : 0;
  return reflection;
}

Tridiagonal tridiagonal(std::vector<double>& a, size_t n) {
  Tridiagonal t{std::vector<double>(n), std::vector<double>(n > 0 ? n - 1 : 0), {}};
  for (size_t k = 0; k + 2 < n; ++k) {
    stop_if_requested();
    Reflection reflection = reflection_of(a, n, k, t.beside[k]);
    const std::vector<double>& v = reflection.v;
    const size_t m = v.size();
    std::vector<double> w(m);  // p - (beta p'v / 2) v, with p = beta A v: then A - v w' - w v' is the reflected matrix
    for (size_t i = 0; i < m; ++i) w[i] = reflection.beta * dot(&a[(k + 1 + i) * n + k + 1], v.data(), m);
    add_scaled(w.data(), -reflection.beta / 2 * dot(w.data(), v.data(), m), v.data(), m);
    for (size_t i = 0; i < m; ++i) {
      double* row = &a[(k + 1 + i) * n + k + 1];
      add_scaled(row, -v[i], w.data(), m);
      add_scaled(row, -w[i], v.data(), m);
    }
    t.reflections.push_back(std::move(reflection));
  }
  for (size_t i = 0; i < n; ++i) t.diagonal[i] = a[i * n + i];
  if (n > 1) t.beside[n - 2] = a[(n - 1) * n + n - 2];
  return t;
}

// The transpose of the product of the reflections.
std::vector<double> transposed_product(const std::vector<Reflection>& reflections, size_t n) {
  std::vector<double> q(n * n, 0), sums(n);
  for (size_t i = 0; i < n; ++i) q[i * n + i] = 1;
  for (auto at = reflections.rbegin(); at != reflections.rend(); ++at) {
    stop_if_requested();
    std::fill(sums.begin(), sums.end(), 0);
    for (size_t i = 0; i < at->v.size(); ++i) add_scaled(sums.data(), at->v[i], &q[(at->first + i) * n], n);
    for (size_t i = 0; i < at->v.size(); ++i) add_scaled(&q[(at->first + i) * n], -at->beta * at->v[i], sums.data(), n);
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < i; ++j) std::swap(q[i * n + j], q[j * n + i]);
  return q;
}

// Rows k and k + 1 of `rows` turn as those of T.
void turn_rows(std::vector<double>& rows, size_t n, size_t k, double c, double s) {
  double *first = &rows[k * n], *second = first + n;
  for (size_t i = 0; i < n; ++i) {
    const double a = first[i], b = second[i];
    first[i] = c * a + s * b;
    second[i] = c * b - s * a;
  }
}

// One implicit QR step on the unreduced block [l, m].
void qr_step(std::vector<double>& d, std::vector<double>& e, std::vector<double>& rows, size_t n, size_t l, size_t m) {
  const double half = (d[m - 1] - d[m]) / 2, root = std::hypot(half, e[m - 1]);
  const double shift = d[m] - e[m - 1] * e[m - 1] / (half + (half < 0 ? -root : root));
  double x = d[l] - shift, z = e[l];
  for (size_t k = l; k < m; ++k) {
    const double r = std::hypot(x, z), c = r == 0 ? 1 : x / r, s = r == 0 ? 0 : z / r;
    if (k > l) e[k - 1] = r;
    const double first = d[k], second = d[k + 1], between = e[k];
    d[k] = c * c * first + 2 * c * s * between + s * s * second;
    d[k + 1] = s * s * first - 2 * c * s * between + c * c * second;
    e[k] = c * s * (second - first) + (c * c - s * s) * between;
    turn_rows(rows, n, k, c, s);
    if (k + 1 == m) break;
    x = e[k];
    z = s * e[k + 1];
    e[k + 1] *= c;
  }
}

void diagonalise(std::vector<double>& d, std::vector<double>& e, std::vector<double>& rows, size_t n) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const auto is_zero = [&](size_t k) { return std::abs(e[k]) <= kEpsilon * (std::abs(d[k]) + std::abs(d[k + 1])); };
  size_t steps = 0;
  for (size_t m = n > 0 ? n - 1 : 0; m > 0;) {
    if (is_zero(m - 1)) {
      e[--m] = 0;
      continue;
    }
    stop_if_requested();
    size_t l = m - 1;
    while (l > 0 && !is_zero(l - 1)) --l;
    if (++steps > 30 * n) fail_internal("symmetric_eigen", "a matrix of {} rows does not converge", n);
    qr_step(d, e, rows, n, l, m);
  }
}

}  // namespace

SymmetricEigen symmetric_eigen(std::vector<double> matrix, size_t n) {
  if (matrix.size() != n * n) fail_internal("symmetric_eigen", "{} numbers for {} rows", matrix.size(), n);
  Tridiagonal t = tridiagonal(matrix, n);
  std::vector<double> rows = transposed_product(t.reflections, n);
  diagonalise(t.diagonal, t.beside, rows, n);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return t.diagonal[a] < t.diagonal[b]; });
  SymmetricEigen eigen;
  eigen.vectors.reserve(n * n);
  for (const size_t i : order) {
    eigen.values.push_back(t.diagonal[i]);
    eigen.vectors.insert(eigen.vectors.end(), rows.begin() + static_cast<ptrdiff_t>(i * n),
                         rows.begin() + static_cast<ptrdiff_t>((i + 1) * n));
  }
  return eigen;
}

}  // namespace phosphene
