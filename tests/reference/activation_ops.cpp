#include "tests/reference/activation_ops.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace phosphene::reference {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double normal(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double bell(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double bent(double x) { return std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x); }
double bent_slope(double x) { return std::sqrt(2 / std::numbers::pi) * (1 + 3 * 0.044715 * x * x); }
double square(double x) { return x * x; }

// The slope of each number's channel.
template <class Visit>
void with_slopes(const Tensor& src, const Weights& slopes, const Visit& visit) {
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t c = 0; c < src.shape.c; ++c) {
      const auto first = static_cast<size_t>(src.index(n, c, 0, 0));
      const double slope = slopes.data[slopes.elements() == 1 ? 0 : c];
      for (size_t i = first; i < first + static_cast<size_t>(src.shape.h * src.shape.w); ++i) visit(i, slope);
    }
  }
}

}  // namespace

double activate(const ActivationFunction& function, double x) {
  const double a = function.a, b = function.b;
  switch (function.kind) {
    case ActivationKind::clip:
      return std::clamp(x, a, b);
    case ActivationKind::leaky_relu:
      return x > 0 ? x : a * x;
    case ActivationKind::elu:
      return b * (x > 0 ? x : a * std::expm1(x));
    case ActivationKind::sigmoid:
      return logistic(x);
    case ActivationKind::tanh:
      return std::tanh(x);
    case ActivationKind::hard_sigmoid:
      return std::clamp(a * x + b, 0.0, 1.0);
    case ActivationKind::hard_swish:
      return x * std::clamp(x + 3, 0.0, 6.0) / 6;
    case ActivationKind::swish:
      return x * logistic(a * x);
    case ActivationKind::gelu:
      return x * normal(x);
    case ActivationKind::gelu_tanh:
      return x / (1 + std::exp(-2 * bent(x)));
    case ActivationKind::softplus:
      return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0);
    case ActivationKind::mish:
      return x * std::tanh(std::log1p(std::exp(x)));
  }
  throw std::logic_error("no such activation");
}

double derivative(const ActivationFunction& function, double x) {
  const double a = function.a, b = function.b;
  switch (function.kind) {
    case ActivationKind::clip:
      return x > a && x < b ? 1 : 0;
    case ActivationKind::leaky_relu:
      return x > 0 ? 1 : a;
    case ActivationKind::elu:
      return b * (x > 0 ? 1 : a * std::exp(x));
    case ActivationKind::sigmoid:
      return logistic(x) * logistic(-x);
    case ActivationKind::tanh:
      return 1 / square(std::cosh(x));
    case ActivationKind::hard_sigmoid:
      return a * x + b > 0 && a * x + b < 1 ? a : 0;
    case ActivationKind::hard_swish:
      return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6;
    case ActivationKind::swish:
      return logistic(a * x) + a * x * logistic(a * x) * logistic(-a * x);
    case ActivationKind::gelu:
      return normal(x) + x * bell(x);
    case ActivationKind::gelu_tanh:
      return logistic(2 * bent(x)) + x * logistic(2 * bent(x)) * logistic(-2 * bent(x)) * 2 * bent_slope(x);
    case ActivationKind::softplus:
      return logistic(x);
    case ActivationKind::mish:
      return std::tanh(std::log1p(std::exp(x))) + x * logistic(x) / square(std::cosh(std::log1p(std::exp(x))));
  }
  throw std::logic_error("no such activation");
}

Tensor activation(const Tensor& src, const ActivationFunction& function) {
  Tensor dst = src;
  for (double& x : dst.data) x = activate(function, x);
  return dst;
}

Tensor activation_backward(const Tensor& grad_dst, const Tensor& src, const ActivationFunction& function) {
  Tensor grad_src = grad_dst;
  for (size_t i = 0; i < src.data.size(); ++i) grad_src.data[i] *= derivative(function, src.data[i]);
  return grad_src;
}

Tensor prelu(const Tensor& src, const Weights& slopes) {
  Tensor dst = src;
  with_slopes(src, slopes, [&](size_t i, double slope) { dst.data[i] *= src.data[i] > 0 ? 1 : slope; });
  return dst;
}

Tensor prelu_backward(const Tensor& grad_dst, const Tensor& src, const Weights& slopes) {
  Tensor grad_src = grad_dst;
  with_slopes(src, slopes, [&](size_t i, double slope) { grad_src.data[i] *= src.data[i] > 0 ? 1 : slope; });
  return grad_src;
}

}  // namespace phosphene::reference
