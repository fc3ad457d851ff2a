// A convolution's sizes, and the cases that tests make of them.
#pragma once

#include "layers/network/convolution.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::testing {

struct ConvolutionSizes {
  const char* what;
  Shape src;
  int64_t k;
  int64_t groups;
  WindowAttributes window;
};

inline NaiveCase naive(const ConvolutionSizes& g, Tensor src, const Weights& weights, const Weights& bias) {
  return {
      std::make_shared<Convolution>(g.window, g.groups, weights, bias),
      {std::move(src)},
      [=](const auto& s) { return reference::convolution(s[0], g.window, g.groups, weights, bias); },
      [=](const Tensor& grad_dst, const auto& s) {
        return std::vector<Tensor>{reference::convolution_backward(grad_dst, s[0].shape, g.window, g.groups, weights)};
      }};
}

inline std::vector<int64_t> weight_dims(const ConvolutionSizes& g) {
  return {g.k, g.src.c / g.groups, g.window.r, g.window.s};
}

inline NaiveCase random_case(const ConvolutionSizes& g) {
  return naive(g, random_tensor(g.src, 1), random_weights(weight_dims(g), 2), random_weights({g.k}, 3));
}

inline NaiveCase bf16_case(const ConvolutionSizes& g, const Weights& bias) {
  return in_bf16(naive(g, random_tensor(g.src, 1), rounded(random_weights(weight_dims(g), 2)), bias));
}

}  // namespace phosphene::testing
