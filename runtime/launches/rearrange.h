// Launches of the kernels that move and resample a network's values.
#pragma once

#include <algorithm>

#include "kernels/adaptive_pooling.h"
#include "kernels/channel_permutation.h"
#include "kernels/clear_channels.h"
#include "kernels/concat.h"
#include "kernels/pad.h"
#include "kernels/pixel_shuffle.h"
#include "kernels/resize.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/rearrange.h"

namespace phosphene {

inline int64_t positions(const Shape& of) { return of.n * of.h * of.w; }

template <class Launcher>
void launch(const Launcher& launcher, const ChannelSliceBackwardProblem& problem, const Operands& at) {
  const int64_t rows = positions(problem.src), c = problem.src.c, end = problem.first + problem.count;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    T* dst = at.template at<T>(1);
    launcher.rows(rows, static_cast<int>(problem.first), ClearChannels<T>{dst, c, 0});
    launcher.rows(rows, static_cast<int>(problem.count),
                  CopyChannels<T>{at.template at<T>(0), dst, problem.count, c, problem.first});
    launcher.rows(rows, static_cast<int>(c - end), ClearChannels<T>{dst, c, end});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ChannelPermutationProblem& problem, const Operands& at) {
  const auto channels = static_cast<int64_t>(problem.order.size());
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    for (int64_t offset = 0; offset < channels; offset += kOrderLength) {
      const int64_t count = std::min<int64_t>(channels - offset, kOrderLength);
      PermuteChannels<T> body{at.template at<T>(0), at.template at<T>(1), channels, offset, {}};
      std::copy_n(problem.order.begin() + offset, count, body.order);
      launcher.rows(positions(problem.src), static_cast<int>(count), body);
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PixelShuffleProblem& problem, const Operands& at) {
  const Shape& large = problem.to_depth ? problem.src : problem.dst;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const auto shuffle = [&]<bool kElementFirst, bool kToDepth>() {
      launcher.rows(positions(large), static_cast<int>(large.c),
                    ShufflePixels<kElementFirst, kToDepth, T>{at.template at<T>(0), at.template at<T>(1),
                                                              static_cast<int>(large.h), static_cast<int>(large.w),
                                                              static_cast<int>(problem.block), large.c});
    };
    if (problem.order == BlockOrder::element_first && problem.to_depth) {
      shuffle.template operator()<true, true>();
    } else if (problem.order == BlockOrder::element_first) {
      shuffle.template operator()<true, false>();
    } else if (problem.to_depth) {
      shuffle.template operator()<false, true>();
    } else {
      shuffle.template operator()<false, false>();
    }
  });
}

// Rows and columns of a padding in either direction.
template <class Either>
PaddedAxis padded_rows(const Either& problem) {
  return {static_cast<int>(problem.src.h), static_cast<int>(problem.dst.h), static_cast<int>(problem.top),
          problem.rule};
}
template <class Either>
PaddedAxis padded_columns(const Either& problem) {
  return {static_cast<int>(problem.src.w), static_cast<int>(problem.dst.w), static_cast<int>(problem.left),
          problem.rule};
}

template <class Launcher>
void launch(const Launcher& launcher, const PadProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(positions(problem.dst), static_cast<int>(problem.dst.c),
                  PadMap<T>{at.template at<T>(0), at.template at<T>(1), padded_rows(problem), padded_columns(problem),
                            problem.dst.c, problem.value});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const PadBackwardProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(positions(problem.src), static_cast<int>(problem.src.c),
                  PadMapBackward<T>{at.template at<T>(0), at.template at<T>(1), padded_rows(problem),
                                    padded_columns(problem), problem.src.c});
  });
}

// Rows of `over`, with a body for either kind of reading.
template <template <bool, class> class Body, class Launcher, class Either>
void launch_resize(const Launcher& launcher, const Either& problem, const Shape& over, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const auto resize = [&]<bool kLinear>() {
      launcher.rows(positions(over), static_cast<int>(over.c),
                    Body<kLinear, T>{at.template at<T>(0), at.template at<T>(1), ResizeReads<kLinear>(problem.rows),
                                     ResizeReads<kLinear>(problem.columns), over.c});
    };
    if (problem.linear) {
      resize.template operator()<true>();
    } else {
      resize.template operator()<false>();
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ResizeProblem& problem, const Operands& at) {
  launch_resize<ResizeMap>(launcher, problem, problem.dst, at);
}

template <class Launcher>
void launch(const Launcher& launcher, const ResizeBackwardProblem& problem, const Operands& at) {
  launch_resize<ResizeMapBackward>(launcher, problem, problem.src, at);
}

template <class Either>
Bins bins_of_rows(const Either& problem) {
  return {static_cast<int>(problem.src.h), static_cast<int>(problem.dst.h)};
}
template <class Either>
Bins bins_of_columns(const Either& problem) {
  return {static_cast<int>(problem.src.w), static_cast<int>(problem.dst.w)};
}

template <class Launcher>
void launch(const Launcher& launcher, const AdaptivePoolingProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(positions(problem.dst), static_cast<int>(problem.dst.c),
                  PoolBins<T>{at.template at<T>(0), at.template at<T>(1), bins_of_rows(problem),
                              bins_of_columns(problem), problem.dst.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const AdaptivePoolingBackwardProblem& problem, const Operands& at) {
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(positions(problem.src), static_cast<int>(problem.src.c),
                  PoolBinsBackward<T>{at.template at<T>(0), at.template at<T>(1), bins_of_rows(problem),
                                      bins_of_columns(problem), problem.src.c});
  });
}

}  // namespace phosphene
