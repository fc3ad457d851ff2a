// Launches of the network's kernels.
#pragma once

#include <optional>

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

// Nothing where a thread would take channels of two sources, or there are too many.
template <class T>
std::optional<JoinChannels<T>> join_at_once(const ConcatProblem& problem, const Operands& at) {
  const size_t sources = problem.channels.size();
  if (sources > JoinChannels<T>::kMaxSources) return std::nullopt;
  JoinChannels<T> body{{}, {}, at.template at<T>(sources), problem.dst.c};
  int64_t end = 0;
  for (size_t s = 0; s < sources; ++s) {
    if (problem.channels[s] % JoinChannels<T>::gpu_lanes != 0) return std::nullopt;
    end += problem.channels[s];
    body.src[s] = at.template at<T>(s);
    body.end[s] = static_cast<int>(end);
  }
  return body;
}

template <class Launcher>
void launch(const Launcher& launcher, const ConcatProblem& problem, const Operands& at) {
  const Shape& dst = problem.dst;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    if constexpr (OnAGpu<Launcher>) {
      if (const auto all = join_at_once<T>(problem, at)) {
        launcher.rows(dst.n * dst.h * dst.w, static_cast<int>(dst.c), *all);
        return;
      }
    }
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

// Calls with(Constant<taps>, Constant<stride>): of the square windows that networks have most, for a GPU, else 0, 0.
template <class Launcher, class With>
void with_window(const Window& w, const With& with) {
  if constexpr (OnAGpu<Launcher>) {
    const bool square = w.r == w.s && w.stride_h == w.stride_w;
    const auto is = [&](int taps, int stride) { return square && w.r == taps && w.stride_h == stride; };
    if (is(3, 2)) return with(Constant<3>(), Constant<2>());
    if (is(3, 1)) return with(Constant<3>(), Constant<1>());
    if (is(2, 2)) return with(Constant<2>(), Constant<2>());
  }
  with(Constant<0>(), Constant<0>());
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
      with_window<Launcher>(problem.window, [&]<int kTaps, int kStride>(Constant<kTaps>, Constant<kStride>) {
        launcher.rows(rows, c, MaxPooling<T, kTaps, kStride>{src, dst, at.template at<unsigned char>(2), geometry});
      });
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
      with_window<Launcher>(problem.window, [&]<int kTaps, int kStride>(Constant<kTaps>, Constant<kStride>) {
        launcher.rows(rows, c,
                      PoolingBackward<true, T, kTaps, kStride>{grad_dst, at.template at<unsigned char>(1), grad_src,
                                                               geometry, mask});
      });
    } else {
      launcher.rows(rows, c, PoolingBackward<false, T>{grad_dst, nullptr, grad_src, geometry, mask});
    }
  });
}

// Calls with(LrnWindow<...>, Constant<radius>) for the fastest form of s^-beta and, on a GPU, the radii of AlexNet and GoogLeNet, in
// Caffe 2 and in TensorFlow 5.
template <class Launcher, class LrnOfEitherDirection, class With>
void with_lrn_window(const LrnOfEitherDirection& problem, const With& with) {
  const auto window = [&]<LrnPower kPower>() {
    const LrnWindow<kPower> of{static_cast<int>(problem.src.c), problem.radius, problem.alpha, problem.beta, problem.k};
    if constexpr (OnAGpu<Launcher> && kPower != LrnPower::any) {
      if (problem.radius == 2) return with(of, Constant<2>());
      if (problem.radius == 5) return with(of, Constant<5>());
    }
    with(of, Constant<0>());
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
    with_lrn_window<Launcher>(
        problem, [&]<LrnPower kPower, int kRadius>(const LrnWindow<kPower>& window, Constant<kRadius>) {
          launcher.rows(src.n * src.h * src.w, static_cast<int>(src.c),
                        NormaliseResponse<kPower, T, kRadius>{at.template at<T>(0), at.template at<T>(1), window});
        });
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LrnBackwardProblem& problem, const Operands& at) {
  const Shape& src = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    with_lrn_window<Launcher>(
        problem, [&]<LrnPower kPower, int kRadius>(const LrnWindow<kPower>& window, Constant<kRadius>) {
          launcher.rows(src.n * src.h * src.w, static_cast<int>(src.c),
                        NormaliseResponseBackward<kPower, T, kRadius>{at.template at<T>(0), at.template at<T>(1),
                                                                      at.template at<T>(problem.masked ? 3 : 2), window,
                                                                      problem.masked ? at.template at<T>(2) : nullptr});
        });
  });
}

}  // namespace phosphene
