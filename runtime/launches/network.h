// Launches of the network's kernels.
#pragma once

#include "kernels/accumulate.h"
#include "kernels/concat.h"
#include "kernels/lrn.h"
#include "kernels/pooling.h"
#include "kernels/relu.h"
#include "kernels/softmax.h"
#include "runtime/launches/operands.h"
#include "runtime/problems.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const ReluProblem& problem, const Operands& at) {
  constexpr int64_t kRow = 4096;
  const int64_t rows = problem.elements / kRow, rest = problem.elements % kRow;
  launcher.rows(rows, static_cast<int>(kRow), Rectify{at.at(0), at.at(1), kRow});
  launcher.rows(1, static_cast<int>(rest), Rectify{at.at(0) + rows * kRow, at.at(1) + rows * kRow, rest});
}

template <class Launcher>
void launch(const Launcher& launcher, const AccumulateProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  // Whole values lie contiguously, whatever their layout: longer rows.
  const bool whole = problem.src_c == dst.c;
  const int64_t rows = whole ? dst.n * dst.h : dst.n * dst.h * dst.w;
  const int64_t elements = whole ? dst.w * dst.c : dst.c;
  const auto sources = static_cast<size_t>(problem.sources);
  const auto fill = [&](auto body) {
    for (size_t s = 0; s < sources; ++s) body.src[s] = at.at(s);
    body.mask = problem.masked ? at.at(sources) : nullptr;
    body.dst = at.at(sources + (problem.masked ? 1 : 0));
    body.sources = problem.sources;
    body.src_c = whole ? elements : problem.src_c;
    body.dst_c = elements;
    body.offset = problem.offset;
    launcher.rows(rows, static_cast<int>(elements), body);
  };
  if (problem.masked) {
    fill(SumSlices<true>{});
  } else {
    fill(SumSlices<false>{});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ConcatProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  int64_t offset = 0;
  for (size_t s = 0; s < problem.channels.size(); ++s) {
    const int64_t c = problem.channels[s];
    launcher.rows(dst.n * dst.h * dst.w, static_cast<int>(c),
                  CopyChannels{at.at(s), at.at(problem.channels.size()), c, dst.c, offset});
    offset += c;
  }
}

template <class PoolingOfEitherDirection>
PoolingGeometry pooling_geometry(const PoolingOfEitherDirection& problem) {
  const Window& w = problem.window;
  const auto i = [](int64_t value) { return static_cast<int>(value); };
  return {i(problem.src.h), i(problem.src.w),
          i(problem.dst.h), i(problem.dst.w),
          i(w.r),           i(w.s),
          i(w.stride_h),    i(w.stride_w),
          i(w.pad_top),     i(w.pad_left),
          i(w.pad_bottom),  i(w.pad_right),
          problem.src.c,    problem.divisor == PoolingDivisor::inside};
}

template <class Launcher>
void launch(const Launcher& launcher, const PoolingProblem& problem, const Operands& at) {
  const int64_t rows = problem.dst.n * problem.dst.h * problem.dst.w;
  const int c = static_cast<int>(problem.src.c);
  if (problem.kind == PoolingKind::max) {
    launcher.rows(rows, c, MaxPooling{at.at(0), at.at(1), at.template at<unsigned char>(2), pooling_geometry(problem)});
  } else {
    launcher.rows(rows, c, AveragePooling{at.at(0), at.at(1), pooling_geometry(problem)});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const PoolingBackwardProblem& problem, const Operands& at) {
  const int64_t rows = problem.src.n * problem.src.h * problem.src.w;
  const int c = static_cast<int>(problem.src.c);
  if (problem.kind == PoolingKind::max) {
    launcher.rows(
        rows, c,
        PoolingBackward<true>{at.at(0), at.template at<unsigned char>(1), at.at(2), pooling_geometry(problem)});
  } else {
    launcher.rows(rows, c, PoolingBackward<false>{at.at(0), nullptr, at.at(1), pooling_geometry(problem)});
  }
}

// Calls `with(std::integral_constant<LrnPower, ...>)` for the fastest form of ^beta.
template <class With>
void choose_lrn_power(float beta, const With& with) {
  if (beta == 0.75F) {
    with(std::integral_constant<LrnPower, LrnPower::three_quarters>{});
  } else if (beta == 0.5F) {
    with(std::integral_constant<LrnPower, LrnPower::half>{});
  } else {
    with(std::integral_constant<LrnPower, LrnPower::any>{});
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const LrnProblem& problem, const Operands& at) {
  choose_lrn_power(problem.beta, [&](auto power) {
    launcher.rows(problem.src.n * problem.src.h * problem.src.w, static_cast<int>(problem.src.c),
                  NormaliseResponse<power()>{at.at(0), at.at(1), at.at(2), problem.src.c, problem.radius, problem.alpha,
                                             problem.beta, problem.k});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LrnBackwardProblem& problem, const Operands& at) {
  choose_lrn_power(problem.beta, [&](auto power) {
    launcher.rows(problem.src.n * problem.src.h * problem.src.w, static_cast<int>(problem.src.c),
                  NormaliseResponseBackward<power()>{at.at(0), at.at(1), at.at(2), at.at(3), at.at(4), problem.src.c,
                                                     problem.radius, problem.alpha, problem.beta});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const SoftmaxProblem& problem, const Operands& at) {
  launcher.tiles(problem.src.n * problem.src.h * problem.src.w, problem.src.c,
                 Softmaximum{at.at(0), at.at(1), problem.src.c});
}

template <class Launcher>
void launch(const Launcher& launcher, const SoftmaxBackwardProblem& problem, const Operands& at) {
  launcher.tiles(problem.src.n * problem.src.h * problem.src.w, problem.src.c,
                 SoftmaximumBackward{at.at(0), at.at(1), at.at(2), problem.src.c});
}

}  // namespace phosphene
