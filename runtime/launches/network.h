// Launches of the network's kernels.
#pragma once

#include "kernels/accumulate.h"
#include "kernels/bias.h"
#include "kernels/concat.h"
#include "kernels/gradient_scale.h"
#include "kernels/lrn.h"
#include "kernels/pooling.h"
#include "kernels/redirected_relu.h"
#include "kernels/relu.h"
#include "runtime/launches/elements.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/network.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const ReluProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    auto *src = at.template at<T>(0), *dst = at.template at<T>(1);
    launch_elements(launcher, problem.elements, [=](int64_t first, int64_t row) {
      return Rectify<T>{src + first, dst + first, row};
    });
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const RedirectedReluBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int64_t row = s.w * s.c;
  float *squares = at.workspace(), *of_rows = squares + s.n;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const auto *grad_dst = at.template at<T>(0), *src = at.template at<T>(1);
    launcher.tiles(s.n * s.h, row, PassedSquares<T>{grad_dst, src, of_rows, row, problem.floor, problem.ceiling});
    launcher.tiles(s.n, s.h, SquaresOfImage{of_rows, squares, s.h});
    launcher.rows(
        s.n * s.h, static_cast<int>(row),
        RedirectGradient<T>{grad_dst, src, squares, at.template at<T>(2), s.h, row, problem.floor, problem.ceiling});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const BiasProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  launcher.rows(s.n * s.h * s.w, static_cast<int>(s.c), AddBias<false, float>{at.at(0), at.at(1), at.at(2), s.c});
}

template <class Launcher>
void launch(const Launcher& launcher, const AccumulateProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  // Whole values lie contiguously, whatever their layout: longer rows.
  const bool whole = problem.src_c == dst.c;
  const int64_t rows = whole ? dst.n * dst.h : dst.n * dst.h * dst.w;
  const int64_t elements = whole ? dst.w * dst.c : dst.c;
  const auto sources = static_cast<size_t>(problem.sources);
  const auto fill = [&]<class T>(auto body, T /*storage*/) {
    for (size_t s = 0; s < sources; ++s) body.src[s] = at.template at<T>(s);
    body.mask = problem.masked ? at.template at<T>(sources) : nullptr;
    body.dst = at.template at<T>(sources + (problem.masked ? 1 : 0));
    body.sources = problem.sources;
    body.src_c = whole ? elements : problem.src_c;
    body.dst_c = elements;
    body.offset = problem.offset;
    launcher.rows(rows, static_cast<int>(elements), body);
  };
  with_storage(launcher, problem.storage, [&](auto storage) {
    if (problem.masked) {
      fill(SumSlices<true, decltype(storage)>{}, storage);
    } else {
      fill(SumSlices<false, decltype(storage)>{}, storage);
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ConcatProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    int64_t offset = 0;
    for (size_t s = 0; s < problem.channels.size(); ++s) {
      const int64_t c = problem.channels[s];
      launcher.rows(
          dst.n * dst.h * dst.w, static_cast<int>(c),
          CopyChannels<T>{at.template at<T>(s), at.template at<T>(problem.channels.size()), c, dst.c, offset});
      offset += c;
    }
  });
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
  const PoolingGeometry geometry = pooling_geometry(problem);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    auto *src = at.template at<T>(0), *dst = at.template at<T>(1);
    if (problem.kind == PoolingKind::max) {
      launcher.rows(rows, c, MaxPooling<T>{src, dst, at.template at<unsigned char>(2), geometry});
    } else {
      launcher.rows(rows, c, AveragePooling<T>{src, dst, geometry});
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PoolingBackwardProblem& problem, const Operands& at) {
  const int64_t rows = problem.src.n * problem.src.h * problem.src.w;
  const int c = static_cast<int>(problem.src.c);
  const PoolingGeometry geometry = pooling_geometry(problem);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const T* grad_dst = at.template at<T>(0);
    const int next = problem.kind == PoolingKind::max ? 2 : 1;
    const T* mask = problem.masked ? at.template at<T>(next) : nullptr;
    T* grad_src = at.template at<T>(problem.masked ? next + 1 : next);
    if (problem.kind == PoolingKind::max) {
      launcher.rows(rows, c,
                    PoolingBackward<true, T>{grad_dst, at.template at<unsigned char>(1), grad_src, geometry, mask});
    } else {
      launcher.rows(rows, c, PoolingBackward<false, T>{grad_dst, nullptr, grad_src, geometry, mask});
    }
  });
}

// Calls `with(LrnWindow<...>)` for the fastest form of s^-beta.
template <class LrnOfEitherDirection, class With>
void with_lrn_window(const LrnOfEitherDirection& problem, const With& with) {
  const auto window = [&]<LrnPower kPower>() {
    with(LrnWindow<kPower>{static_cast<int>(problem.src.c), problem.radius, problem.alpha, problem.beta, problem.k});
  };
  if (problem.beta == 0.75F) {
    window.template operator()<LrnPower::three_quarters>();
  } else if (problem.beta == 0.5F) {
    window.template operator()<LrnPower::half>();
  } else {
    window.template operator()<LrnPower::any>();
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const LrnProblem& problem, const Operands& at) {
  const Shape& src = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    with_lrn_window(problem, [&]<LrnPower kPower>(const LrnWindow<kPower>& window) {
      launcher.rows(src.n * src.h * src.w, static_cast<int>(src.c),
                    NormaliseResponse<kPower, T>{at.template at<T>(0), at.template at<T>(1), window});
    });
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LrnBackwardProblem& problem, const Operands& at) {
  const Shape& src = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    with_lrn_window(problem, [&]<LrnPower kPower>(const LrnWindow<kPower>& window) {
      launcher.rows(src.n * src.h * src.w, static_cast<int>(src.c),
                    NormaliseResponseBackward<kPower, T>{at.template at<T>(0), at.template at<T>(1),
                                                         at.template at<T>(problem.masked ? 3 : 2), window,
                                                         problem.masked ? at.template at<T>(2) : nullptr});
    });
  });
}

}  // namespace phosphene
