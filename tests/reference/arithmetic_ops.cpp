#include "tests/reference/arithmetic_ops.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace phosphene::reference {
namespace {

// The element of a broadcast operand that stands at a place of the result.
size_t place(const Tensor& operand, int64_t n, int64_t c, int64_t h, int64_t w) {
  const Shape& s = operand.shape;
  return static_cast<size_t>(operand.index(n, s.c == 1 ? 0 : c, s.h == 1 ? 0 : h, s.w == 1 ? 0 : w));
}

// visit(element of dst, of a, of b).
template <class Visit>
void for_places(const Shape& dst, const Tensor& a, const Tensor& b, const Visit& visit) {
  size_t i = 0;
  for (int64_t n = 0; n < dst.n; ++n)
    for (int64_t c = 0; c < dst.c; ++c)
      for (int64_t h = 0; h < dst.h; ++h)
        for (int64_t w = 0; w < dst.w; ++w) visit(i++, place(a, n, c, h, w), place(b, n, c, h, w));
}

double combined(BinaryOperation operation, double a, double b) {
  switch (operation) {
    case BinaryOperation::add:
      return a + b;
    case BinaryOperation::subtract:
      return a - b;
    case BinaryOperation::multiply:
      return a * b;
    case BinaryOperation::divide:
      return a / b;
    case BinaryOperation::maximum:
      return std::max(a, b);
    case BinaryOperation::minimum:
      return std::min(a, b);
  }
  throw std::logic_error("no such operation");
}

// d result / d a and d result / d b.
std::pair<double, double> derivatives(BinaryOperation operation, double a, double b) {
  switch (operation) {
    case BinaryOperation::add:
      return {1, 1};
    case BinaryOperation::subtract:
      return {1, -1};
    case BinaryOperation::multiply:
      return {b, a};
    case BinaryOperation::divide:
      return {1 / b, -a / (b * b)};
    case BinaryOperation::maximum:
      return a == b ? std::pair(0.5, 0.5) : std::pair(a > b ? 1. : 0., a > b ? 0. : 1.);
    case BinaryOperation::minimum:
      return a == b ? std::pair(0.5, 0.5) : std::pair(a < b ? 1. : 0., a < b ? 0. : 1.);
  }
  throw std::logic_error("no such operation");
}

double of_channel(const Weights& numbers, int64_t c, double without) {
  if (numbers.data == nullptr) return without;
  return static_cast<double>(numbers.data[numbers.elements() == 1 ? 0 : c]);
}

std::vector<double> normalised(const std::vector<double>& x, double epsilon, double* one_over_deviation = nullptr) {
  const auto count = static_cast<double>(x.size());
  double mean = 0, variance = 0;
  for (const double number : x) mean += number / count;
  for (const double number : x) variance += (number - mean) * (number - mean) / count;
  const double r = 1 / std::sqrt(variance + epsilon);
  std::vector<double> result;
  for (const double number : x) result.push_back((number - mean) * r);
  if (one_over_deviation != nullptr) *one_over_deviation = r;
  return result;
}

// The sum over i of h_i d y_i / d x_j, with d y_i / d x_j = r ([i = j] - 1 / M - y_i y_j / M) of M numbers.
std::vector<double> normalised_backward(const std::vector<double>& h, const std::vector<double>& x, double epsilon) {
  double r = 0;
  const std::vector<double> y = normalised(x, epsilon, &r);
  const auto count = static_cast<double>(x.size());
  std::vector<double> gradient;
  for (size_t j = 0; j < x.size(); ++j) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += h[i] * r * ((i == j ? 1 : 0) - 1 / count - y[i] * y[j] / count);
    gradient.push_back(sum);
  }
  return gradient;
}

// Which elements are normalised together: of a position, or of a group of channels.
using Sets = std::vector<std::vector<size_t>>;

Sets positions_of(const Tensor& src) {
  Sets sets;
  const Shape& s = src.shape;
  for (int64_t n = 0; n < s.n; ++n) {
    for (int64_t p = 0; p < s.h * s.w; ++p) {
      sets.emplace_back();
      for (int64_t c = 0; c < s.c; ++c) sets.back().push_back(static_cast<size_t>((n * s.c + c) * s.h * s.w + p));
    }
  }
  return sets;
}

Sets groups_of(const Tensor& src, int64_t groups) {
  const auto size = static_cast<size_t>(src.shape.c / groups * src.shape.h * src.shape.w);
  Sets sets;
  for (size_t i = 0; i < src.data.size(); ++i) {
    if (i % size == 0) sets.emplace_back();
    sets.back().push_back(i);
  }
  return sets;
}

int64_t channel_of(const Tensor& src, size_t element) {
  return static_cast<int64_t>(element) / (src.shape.h * src.shape.w) % src.shape.c;
}

Tensor normalise(const Tensor& src, const Sets& sets, double epsilon, const Weights& factor, const Weights& shift) {
  Tensor dst(src.shape);
  for (const std::vector<size_t>& set : sets) {
    std::vector<double> x;
    for (const size_t i : set) x.push_back(src.data[i]);
    const std::vector<double> y = normalised(x, epsilon);
    for (size_t k = 0; k < set.size(); ++k) {
      const int64_t c = channel_of(src, set[k]);
      dst.data[set[k]] = y[k] * of_channel(factor, c, 1) + of_channel(shift, c, 0);
    }
  }
  return dst;
}

Tensor normalise_backward(const Tensor& grad_dst, const Tensor& src, const Sets& sets, double epsilon,
                          const Weights& factor) {
  Tensor grad_src(src.shape);
  for (const std::vector<size_t>& set : sets) {
    std::vector<double> h, x;
    for (const size_t i : set) h.push_back(grad_dst.data[i] * of_channel(factor, channel_of(src, i), 1));
    for (const size_t i : set) x.push_back(src.data[i]);
    const std::vector<double> gradient = normalised_backward(h, x, epsilon);
    for (size_t k = 0; k < set.size(); ++k) grad_src.data[set[k]] = gradient[k];
  }
  return grad_src;
}

}  // namespace

Tensor binary(BinaryOperation operation, const Tensor& a, const Tensor& b) {
  Tensor dst(a.data.size() >= b.data.size() ? a.shape : b.shape);
  for_places(dst.shape, a, b, [&](size_t i, size_t of_a, size_t of_b) {
    dst.data[i] = combined(operation, a.data[of_a], b.data[of_b]);
  });
  return dst;
}

std::vector<Tensor> binary_backward(BinaryOperation operation, const Tensor& grad_dst, const Tensor& a,
                                    const Tensor& b) {
  Tensor grad_a(a.shape), grad_b(b.shape);
  for_places(grad_dst.shape, a, b, [&](size_t i, size_t of_a, size_t of_b) {
    const auto [by_a, by_b] = derivatives(operation, a.data[of_a], b.data[of_b]);
    grad_a.data[of_a] += grad_dst.data[i] * by_a;
    grad_b.data[of_b] += grad_dst.data[i] * by_b;
  });
  return {grad_a, grad_b};
}

Tensor channel_affine(const Tensor& src, const Weights& factor, const Weights& shift) {
  Tensor dst(src.shape);
  for (size_t i = 0; i < src.data.size(); ++i) {
    const int64_t c = channel_of(src, i);
    dst.data[i] = src.data[i] * of_channel(factor, c, 1) + of_channel(shift, c, 0);
  }
  return dst;
}

Tensor layer_norm(const Tensor& src, double epsilon, const Weights& factor, const Weights& shift) {
  return normalise(src, positions_of(src), epsilon, factor, shift);
}

Tensor layer_norm_backward(const Tensor& grad_dst, const Tensor& src, double epsilon, const Weights& factor) {
  return normalise_backward(grad_dst, src, positions_of(src), epsilon, factor);
}

Tensor group_norm(const Tensor& src, int64_t groups, double epsilon, const Weights& factor, const Weights& shift) {
  return normalise(src, groups_of(src, groups), epsilon, factor, shift);
}

Tensor group_norm_backward(const Tensor& grad_dst, const Tensor& src, int64_t groups, double epsilon,
                           const Weights& factor) {
  return normalise_backward(grad_dst, src, groups_of(src, groups), epsilon, factor);
}

}  // namespace phosphene::reference
