// Launches of the transforms' kernels.
#pragma once

#include "kernels/normal.h"
#include "kernels/transform_draw.h"
#include "kernels/warp.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/image.h"

namespace phosphene {

template <Outside kOutside, class Storage>
WarpImage<kOutside, Storage> warp_body(const WarpProblem& problem, const Operands& at) {
  const auto i = [](int64_t value) { return static_cast<int>(value); };
  WarpImage<kOutside, Storage> body{at.at(0),
                                    at.template at<const double>(1),
                                    at.template at<Storage>(2),
                                    i(problem.src.c),
                                    i(problem.src.h),
                                    i(problem.src.w),
                                    i(problem.dst.h),
                                    i(problem.dst.w),
                                    {},
                                    {},
                                    {}};
  for (size_t c = 0; c < kWarpChannels; ++c) {
    body.scale[c] = problem.scale[c];
    body.mean[c] = problem.mean[c];
    body.order[c] = problem.order[c];
  }
  return body;
}

template <class Launcher>
void launch(const Launcher& launcher, const WarpProblem& problem, const Operands& at) {
  const int64_t rows = problem.dst.n * problem.dst.h;
  const int columns = static_cast<int>(problem.dst.w);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    if (problem.outside == Outside::constant) {
      launcher.rows(rows, columns, warp_body<Outside::constant, T>(problem, at));
    } else {
      launcher.rows(rows, columns, warp_body<Outside::reflect, T>(problem, at));
    }
  });
}

template <Outside kOutside, class Storage>
WarpImageBackward<kOutside, Storage> warp_backward_body(const WarpBackwardProblem& problem, const Operands& at) {
  const auto i = [](int64_t value) { return static_cast<int>(value); };
  WarpImageBackward<kOutside, Storage> body{at.template at<Storage>(0),
                                            at.template at<const double>(1),
                                            at.at(2),
                                            i(problem.src.c),
                                            i(problem.src.h),
                                            i(problem.src.w),
                                            i(problem.dst.h),
                                            i(problem.dst.w),
                                            {},
                                            {}};
  for (size_t c = 0; c < kWarpChannels; ++c) {
    body.scale[c] = problem.scale[c];
    body.order[c] = problem.order[c];
  }
  return body;
}

template <class Launcher>
void launch(const Launcher& launcher, const WarpBackwardProblem& problem, const Operands& at) {
  const int64_t rows = problem.src.n * problem.src.h;
  const int columns = static_cast<int>(problem.src.w);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    if (problem.outside == Outside::constant) {
      launcher.rows(rows, columns, warp_backward_body<Outside::constant, T>(problem, at));
    } else {
      launcher.rows(rows, columns, warp_backward_body<Outside::reflect, T>(problem, at));
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const TransformDrawProblem& problem, const Operands& at) {
  const auto i = [](int64_t value) { return static_cast<int>(value); };
  DrawTransforms body{at.template at<const DrawKey>(0),
                      at.template at<const int64_t>(1),
                      at.at(2),
                      at.template at<double>(3),
                      {},
                      problem.step_count,
                      i(problem.height),
                      i(problem.width),
                      i(problem.network_height),
                      i(problem.network_width),
                      problem.shared};
  for (size_t s = 0; s < kTransformSteps; ++s) body.steps[s] = problem.steps[s];
  launcher.rows(problem.n, 1, body);
}

template <class Launcher>
void launch(const Launcher& launcher, const TransformReplayProblem& problem, const Operands& at) {
  launcher.rows(problem.n, 6,
                ReplayTransforms{at.template at<const double>(0), at.template at<const int64_t>(1),
                                 at.template at<double>(2), problem.recorded_steps, problem.recorded_images});
}

template <class Launcher>
void launch(const Launcher& launcher, const NoiseProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    AddNoise<T> body{at.template at<T>(0),
                     at.template at<const DrawKey>(1),
                     at.template at<const int64_t>(2),
                     at.template at<T>(3),
                     s.h,
                     s.w,
                     static_cast<int>(s.c),
                     {}};
    for (size_t c = 0; c < kWarpChannels; ++c) body.deviation[c] = problem.deviation[c];
    launcher.rows(s.n * s.h, static_cast<int>(s.w), body);
  });
}

}  // namespace phosphene
