// Activation functions: dst = f(src), grad_src = f'(src) grad_dst. With S(x) = 1 / (1 + e^-x) and P the normal distribution:
//   clip          min(max(x, low), high): ReLU6 (A. Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010) for 0 and 6
//                 f' = [low < f < high]
//   leaky ReLU    x > 0 ? x : slope x (A. Maas et al., "Rectifier nonlinearities improve neural network acoustic models", ICML 2013)
//                 f' = x > 0 ? 1 : slope
//   ELU           gamma (x > 0 ? x : alpha (e^x - 1)) (D. Clevert et al., ICLR 2016; with gamma: SELU, G. Klambauer et al., NeurIPS
//                 2017)   f' = x > 0 ? gamma : f + gamma alpha
//   sigmoid       S(x), f' = f (1 - f)          tanh   f' = 1 - f^2
//   hard sigmoid  min(max(alpha x + beta, 0), 1) (M. Courbariaux et al., NeurIPS 2015)   f' = alpha [0 < alpha x + beta < 1]
//   hard swish    x min(max(x / 6 + 1/2, 0), 1) (A. Howard et al., "Searching for MobileNetV3", ICCV 2019)
//                 f' = x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 1/2
//   swish         x S(beta x) (P. Ramachandran et al., 2017; SiLU for beta 1: S. Elfwing et al., 2017)
//                 f' = S + beta x S (1 - S)
//   GELU          x P(x) (D. Hendrycks and K. Gimpel, 2016)   f' = P(x) + x e^(-x^2 / 2) / sqrt(2 pi)
//   GELU by tanh  x S(2 y), y = sqrt(2 / pi) (x + .044715 x^3), which is x / 2 (1 + tanh y)   f' = S + x S (1 - S) 2 y'
//   softplus      log(1 + e^x), f' = S(x)
//   mish          x tanh(log(1 + e^x)) (D. Misra, BMVC 2020), with w = e^x, n = w (w + 2): x n / (n + 2)
//                 f' = n / (n + 2) + 4 x w (w + 1) / (n + 2)^2
//   PReLU         leaky ReLU with a slope for each channel (K. He et al., "Delving Deep into Rectifiers", ICCV 2015)
// At a kink the derivative is that of the left, as in PyTorch, except that clip and the hard ones are flat at both of theirs. Where f
// tells f', the gradient reads dst; elsewhere src (runtime/problems/activation.h).
// One row of any length (PReLU: rows are positions of a channels_last value, elements its channels); overwrites; two accesses (three
// backward) and 1 to 40 FLOPs per element.
#pragma once

#include "kernels/exponential.h"
#include "kernels/host_device.h"

namespace phosphene {

// `value` is f. `gradient` takes grad_dst and the number that the gradient reads.
namespace activations {

PHOSPHENE_HD float clipped(float x, float low, float high) { return smaller(larger(x, low), high); }

struct Clip {
  float low, high;
  PHOSPHENE_HD float value(float x) const { return clipped(x, low, high); }
  PHOSPHENE_HD float gradient(float g, float y) const { return y > low && y < high ? g : 0.F; }
};

struct LeakyRelu {
  float slope;
  PHOSPHENE_HD float value(float x) const { return x > 0.F ? x : slope * x; }
  // Reads either: with a slope of 0 or more, dst has the sign of src.
  PHOSPHENE_HD float gradient(float g, float x) const { return x > 0.F ? g : slope * g; }
};

struct Elu {
  float alpha, gamma;
  PHOSPHENE_HD float value(float x) const { return gamma * (x > 0.F ? x : alpha * exponential_minus_one(x)); }
  PHOSPHENE_HD float gradient(float g, float y) const { return g * (y > 0.F ? gamma : fused(gamma, alpha, y)); }
};

struct Sigmoid {
  PHOSPHENE_HD float value(float x) const { return sigmoid(x); }
  PHOSPHENE_HD float gradient(float g, float y) const { return g * (y * (1.F - y)); }
};

struct Tanh {
  PHOSPHENE_HD float value(float x) const { return hyperbolic_tangent(x); }
  PHOSPHENE_HD float gradient(float g, float y) const { return g * ((1.F - y) * (1.F + y)); }
};

struct HardSigmoid {
  float alpha, beta;
  PHOSPHENE_HD float line(float x) const { return fused(alpha, x, beta); }
  PHOSPHENE_HD float value(float x) const { return clipped(line(x), 0.F, 1.F); }
  PHOSPHENE_HD float gradient(float g, float x) const { return line(x) > 0.F && line(x) < 1.F ? alpha * g : 0.F; }
};

struct HardSwish {
  PHOSPHENE_HD float value(float x) const { return x * clipped(fused(x, 1.F / 6.F, 0.5F), 0.F, 1.F); }
  PHOSPHENE_HD float gradient(float g, float x) const {
    const float inside = fused(x, 1.F / 3.F, 0.5F);
    return x <= -3.F ? 0.F : x < 3.F ? inside * g : g;
  }
};

// (x S(z))' where z' x = slope_x, for |z| <= 88: 1 - S = e S.
PHOSPHENE_HD float gated_derivative(float z, float slope_x) {
  const float e = exponential(-z), s = 1.F / (1.F + e);
  return fused(s * slope_x, e * s, s);
}

// Off by at most e^-87 |x| more than roundings: there exponentials end.
struct Swish {
  float beta;
  PHOSPHENE_HD float value(float x) const { return x * sigmoid(beta * x); }
  PHOSPHENE_HD float gradient(float g, float x) const {
    const float z = clipped(beta * x, -88.F, 88.F);
    return g * gated_derivative(z, z);
  }
};

// x - u tail for x > 0, -u tail for x < 0, u = |x|: neither cancels. Beyond 13 the tail is less than e^-87.
struct Gelu {
  PHOSPHENE_HD float value(float x) const {
    const float u = smaller(x < 0.F ? -x : x, 13.F);
    return fused(-u, normal_tail(u).tail, larger(x, 0.F));
  }
  PHOSPHENE_HD float gradient(float g, float x) const {
    const float z = clipped(x, -13.F, 13.F);
    const auto [tail, bell] = normal_tail(z < 0.F ? -z : z);
    const float distribution = z < 0.F ? tail : 1.F - tail;
    return g * fused(0.398942280F * z, bell, distribution);
  }
};

// Beyond 10, S(2 y) is less than e^-87 from 0 or 1.
struct GeluByTanh {
  static constexpr float kTwice = 1.59576912F;  // 2 sqrt(2 / pi)
  PHOSPHENE_HD float value(float x) const {
    const float z = clipped(x, -10.F, 10.F);
    return x < -10.F ? 0.F : x * sigmoid(kTwice * z * fused(0.044715F * z, z, 1.F));
  }
  PHOSPHENE_HD float gradient(float g, float x) const {
    const float z = clipped(x, -10.F, 10.F), cubic = 0.044715F * z * z;
    return g * gated_derivative(kTwice * z * (1.F + cubic), kTwice * z * fused(3.F, cubic, 1.F));
  }
};

struct Softplus {
  PHOSPHENE_HD float value(float x) const { return softplus(x); }
  PHOSPHENE_HD float gradient(float g, float x) const { return g * sigmoid(x); }
};

// From 20 on n / (n + 2) is 1; there w^4 still fits. Off as swish is.
struct Mish {
  PHOSPHENE_HD float value(float x) const {
    const float w = exponential(smaller(x, 20.F)), n = w * (w + 2.F);
    return x * (n / (n + 2.F));
  }
  PHOSPHENE_HD float gradient(float g, float x) const {
    const float z = clipped(x, -88.F, 20.F), w = exponential(z), n = w * (w + 2.F), share = 1.F / (n + 2.F);
    return g * fused(4.F * z * share, w * (w + 1.F) * share, n * share);
  }
};

}  // namespace activations

template <class Function, class Storage>
struct Activate {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* src;
  Storage* dst;
  int64_t row_elements;
  Function function;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float x[N];
    load<N>(src + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) x[l] = function.value(x[l]);
    store<N>(dst + row * row_elements + i, x);
  }
};

template <class Function, class Storage>
struct ActivateBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* read;  // dst or src, as the function wants it
  Storage* grad_src;
  int64_t row_elements;
  Function function;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float g[N], x[N];
    load<N>(grad_dst + row * row_elements + i, g);
    load<N>(read + row * row_elements + i, x);
    for (int l = 0; l < N; ++l) g[l] = function.gradient(g[l], x[l]);
    store<N>(grad_src + row * row_elements + i, g);
  }
};

// Both directions of a PReLU: dst of src = scaled, or grad_src of grad_dst = scaled, by the sign of src.
template <class Storage>
struct ScaleNegative {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* scaled;
  const Storage* src;
  const float* slopes;  // c numbers
  Storage* dst;
  int64_t c;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    float y[N], x[N], slope[N];
    load<N>(scaled + row * c + i, y);
    load<N>(src + row * c + i, x);
    load<N>(slopes + i, slope);
    for (int l = 0; l < N; ++l) y[l] = x[l] > 0.F ? y[l] : slope[l] * y[l];
    store<N>(dst + row * c + i, y);
  }
};

}  // namespace phosphene
