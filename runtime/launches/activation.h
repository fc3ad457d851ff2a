// Launches of activation functions and of the softmax.
#pragma once

#include "kernels/activation.h"
#include "kernels/softmax.h"
#include "runtime/launches/elements.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/activation.h"

namespace phosphene {

// A number as a value of the network has it.
template <class Storage>
float in_storage(float x) {
  Storage narrowed;
  narrow(x, narrowed);
  return widen(narrowed);
}

// Calls `with` for the function as a type.
template <class With>
void with_function(const ActivationFunction& f, const With& with) {
  switch (f.kind) {
    case ActivationKind::clip:
      return with(activations::Clip{f.a, f.b});
    case ActivationKind::leaky_relu:
      return with(activations::LeakyRelu{f.a});
    case ActivationKind::elu:
      return with(activations::Elu{f.a, f.b});
    case ActivationKind::sigmoid:
      return with(activations::Sigmoid{});
    case ActivationKind::tanh:
      return with(activations::Tanh{});
    case ActivationKind::hard_sigmoid:
      return with(activations::HardSigmoid{f.a, f.b});
    case ActivationKind::hard_swish:
      return with(activations::HardSwish{});
    case ActivationKind::swish:
      return with(activations::Swish{f.a});
    case ActivationKind::gelu:
      return with(activations::Gelu{});
    case ActivationKind::gelu_tanh:
      return with(activations::GeluByTanh{});
    case ActivationKind::softplus:
      return with(activations::Softplus{});
    case ActivationKind::mish:
      return with(activations::Mish{});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ActivationProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    auto *src = at.template at<T>(0), *dst = at.template at<T>(1);
    with_function(problem.function, [&]<class Function>(const Function& function) {
      launch_elements(launcher, problem.elements, [&](int64_t first, int64_t row) {
        return Activate<Function, T>{src + first, dst + first, row, function};
      });
    });
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ActivationBackwardProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    auto *grad_dst = at.template at<T>(0), *read = at.template at<T>(1), *grad_src = at.template at<T>(2);
    ActivationFunction f = problem.function;
    if (f.kind == ActivationKind::clip) f = {f.kind, in_storage<T>(f.a), in_storage<T>(f.b)};  // as they stand in dst
    with_function(f, [&]<class Function>(const Function& function) {
      launch_elements(launcher, problem.elements, [&](int64_t first, int64_t row) {
        return ActivateBackward<Function, T>{grad_dst + first, read + first, grad_src + first, row, function};
      });
    });
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PReluProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const T* src = at.template at<T>(0);
    launcher.rows(s.n * s.h * s.w, static_cast<int>(s.c),
                  ScaleNegative<T>{src, src, at.at(1), at.template at<T>(2), s.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PReluBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h * s.w, static_cast<int>(s.c),
                  ScaleNegative<T>{at.template at<T>(0), at.template at<T>(1), at.at(2), at.template at<T>(3), s.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const SoftmaxProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(problem.src.n * problem.src.h * problem.src.w, problem.src.c,
                   Softmaximum<T>{at.template at<T>(0), at.template at<T>(1), problem.src.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const SoftmaxBackwardProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(
        problem.src.n * problem.src.h * problem.src.w, problem.src.c,
        SoftmaximumBackward<T>{at.template at<T>(0), at.template at<T>(1), at.template at<T>(2), problem.src.c});
  });
}

}  // namespace phosphene
