// The ops of a network in double precision, written from their formulas as plain loops: what the kernels are compared with.
// They share no code with them; windows are found by counting, gradients are scattered where the kernels gather.
// Values are N C H W.
#pragma once

#include <vector>

#include "layers/network/transposed_convolution.h"
#include "layers/network/window.h"
#include "runtime/problems/network.h"
#include "runtime/tensor.h"

namespace phosphene::reference {

struct Tensor {
  Shape shape;
  std::vector<double> data;

  explicit Tensor(const Shape& of = {0, 0, 0, 0}) : shape(of), data(static_cast<size_t>(of.elements()), 0.0) {}
  Tensor(const Shape& of, std::vector<double> numbers) : shape(of), data(std::move(numbers)) {}

  [[nodiscard]] int64_t index(int64_t n, int64_t c, int64_t h, int64_t w) const {
    return ((n * shape.c + c) * shape.h + h) * shape.w + w;
  }
  [[nodiscard]] double* plane(int64_t n, int64_t c) { return data.data() + index(n, c, 0, 0); }
  [[nodiscard]] const double* plane(int64_t n, int64_t c) const { return data.data() + index(n, c, 0, 0); }
};

// Where a window starts along one axis: from -before on, every `stride`, until it would end behind `size + after`; with
// `ceil` once more if something is left over, unless that window would start behind the last row.
struct Starts {
  std::vector<int64_t> rows, columns;
  int64_t pad_bottom = 0, pad_right = 0;
};
Starts window_starts(const WindowAttributes& window, const Shape& src);

Tensor convolution(const Tensor& src, const WindowAttributes& window, int64_t groups, const Weights& weights,
                   const Weights& bias);
Tensor convolution_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window, int64_t groups,
                            const Weights& weights);

// Weights C x K/groups x R x S, C channels of src.
Tensor transposed_convolution(const Tensor& src, const WindowAttributes& window, const Weights& weights,
                              int64_t groups = 1, const Weights& bias = {}, const OutputPadding& output_padding = {});
Tensor transposed_convolution_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window,
                                       const Weights& weights, int64_t groups = 1);

Tensor linear(const Tensor& src, const Weights& weights, const Weights& bias);
Tensor linear_backward(const Tensor& grad_dst, const Shape& src, const Weights& weights);

Tensor relu(const Tensor& src);
Tensor relu_backward(const Tensor& grad_dst, const Tensor& src);

Tensor leaky_relu(const Tensor& src, double slope);
Tensor leaky_relu_backward(const Tensor& grad_dst, const Tensor& src, double slope);

Tensor max_pooling(const Tensor& src, const WindowAttributes& window);
Tensor max_pooling_backward(const Tensor& grad_dst, const Tensor& src, const WindowAttributes& window);
Tensor average_pooling(const Tensor& src, const WindowAttributes& window, PoolingDivisor divisor);
Tensor average_pooling_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window,
                                PoolingDivisor divisor);

struct LrnAttributes {
  int radius = 2;
  double alpha = 0, beta = 0.75, k = 1;  // alpha as multiplied
};
Tensor lrn(const Tensor& src, const LrnAttributes& attributes);
Tensor lrn_backward(const Tensor& grad_dst, const Tensor& src, const LrnAttributes& attributes);

Tensor concat(const std::vector<Tensor>& src);
std::vector<Tensor> concat_backward(const Tensor& grad_dst, const std::vector<Shape>& src);

Tensor add(const std::vector<Tensor>& src);

Tensor softmax(const Tensor& src);
Tensor softmax_backward(const Tensor& grad_dst, const Tensor& src);

}  // namespace phosphene::reference
