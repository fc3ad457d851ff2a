// Activation functions in double precision, written from their definitions: what the kernels are compared with. Derivatives are those of
// the definitions too, of the source, whatever the kernels read.
#pragma once

#include "runtime/problems/activation.h"
#include "tests/reference/network_ops.h"

namespace phosphene::reference {

double activate(const ActivationFunction& function, double x);
double derivative(const ActivationFunction& function, double x);

Tensor activation(const Tensor& src, const ActivationFunction& function);
Tensor activation_backward(const Tensor& grad_dst, const Tensor& src, const ActivationFunction& function);

// Slopes: C or one.
Tensor prelu(const Tensor& src, const Weights& slopes);
Tensor prelu_backward(const Tensor& grad_dst, const Tensor& src, const Weights& slopes);

}  // namespace phosphene::reference
