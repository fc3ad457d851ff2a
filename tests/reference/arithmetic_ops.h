// Arithmetic with broadcasting and normalisations in double precision, from their formulas: as network_ops.h. Gradients of normalisations
// are products with their Jacobians, entry by entry.
#pragma once

#include "kernels/parameters.h"
#include "tests/reference/network_ops.h"

namespace phosphene::reference {

Tensor binary(BinaryOperation operation, const Tensor& a, const Tensor& b);
std::vector<Tensor> binary_backward(BinaryOperation operation, const Tensor& grad_dst, const Tensor& a,
                                    const Tensor& b);

// One number, one per channel, or none (without data).
Tensor channel_affine(const Tensor& src, const Weights& factor, const Weights& shift);

Tensor layer_norm(const Tensor& src, double epsilon, const Weights& factor, const Weights& shift);
Tensor layer_norm_backward(const Tensor& grad_dst, const Tensor& src, double epsilon, const Weights& factor);

Tensor group_norm(const Tensor& src, int64_t groups, double epsilon, const Weights& factor, const Weights& shift);
Tensor group_norm_backward(const Tensor& grad_dst, const Tensor& src, int64_t groups, double epsilon,
                           const Weights& factor);

}  // namespace phosphene::reference
