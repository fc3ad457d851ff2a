// Launches of arithmetic with broadcasting and of normalisations.
#pragma once

#include "kernels/binary.h"
#include "kernels/channel_affine.h"
#include "kernels/group_norm.h"
#include "kernels/layer_norm.h"
#include "kernels/row_sums.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/arithmetic.h"

namespace phosphene {

// How a value is cut into rows that every operand either fills or has one number for.
struct BroadcastRows {
  Shape dst;
  bool of_map;  // rows of the map, not positions

  BroadcastRows(const Shape& of, const Shape& a, const Shape& b) : dst(of), of_map(fills_rows(a) && fills_rows(b)) {}

  [[nodiscard]] int64_t per_image() const { return of_map ? dst.h : dst.h * dst.w; }
  [[nodiscard]] int64_t elements() const { return of_map ? dst.w * dst.c : dst.c; }
  [[nodiscard]] int64_t count() const { return dst.n * per_image(); }
  [[nodiscard]] Spread spread(const Shape& operand) const {
    const int64_t per_image = operand.c * operand.h * operand.w;
    const bool everywhere = operand.h == dst.h && operand.w == dst.w;
    if (of_map) return per_image == 1 ? Spread{1, 0, true} : Spread{per_image, elements(), false};
    return {per_image, everywhere ? operand.c : 0, operand.c != dst.c};
  }

 private:
  [[nodiscard]] bool fills_rows(const Shape& operand) const {
    return operand == dst || operand == Shape{dst.n, 1, 1, 1};
  }
};

template <class Launcher>
void launch(const Launcher& launcher, const BinaryProblem& problem, const Operands& at) {
  const BroadcastRows rows(problem.dst(), problem.a, problem.b);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(rows.count(), static_cast<int>(rows.elements()),
                  BinaryForward<T>{{at.template at<T>(0), rows.spread(problem.a)},
                                   {at.template at<T>(1), rows.spread(problem.b)},
                                   at.template at<T>(2),
                                   rows.per_image(),
                                   rows.elements(),
                                   problem.operation});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const BinaryBackwardProblem& problem, const Operands& at) {
  const Shape dst = problem.dst();
  const BinaryDerivative derivative = problem.derivative;
  float* sums = at.workspace();
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    size_t next = 1;
    const T* g = at.template at<T>(0);
    const T* other = problem.reads_other() ? at.template at<T>(next++) : nullptr;
    const T* operand = problem.reads_operand() ? at.template at<T>(next++) : nullptr;
    T* gradient = at.template at<T>(next);
    if (!problem.over_channels() && !problem.over_positions()) {
      const BroadcastRows rows(dst, problem.operand, problem.reads_other() ? problem.other : dst);
      launcher.rows(rows.count(), static_cast<int>(rows.elements()),
                    BinaryBackward<T>{g,
                                      {other, rows.spread(problem.reads_other() ? problem.other : dst)},
                                      {operand, rows.spread(problem.operand)},
                                      gradient,
                                      rows.per_image(),
                                      rows.elements(),
                                      derivative});
    } else if (!problem.over_positions()) {
      launcher.tiles(dst.n * dst.h * dst.w, dst.c,
                     BinaryBackwardOverTile<T, T>{g, other, operand, gradient, 1, dst.c, derivative});
    } else if (problem.over_channels()) {
      const int64_t row = dst.w * dst.c;
      launcher.tiles(dst.n * dst.h, row,
                     BinaryBackwardOverTile<T, float>{g, other, operand, sums, dst.h, row, derivative});
      launcher.rows(dst.n, 1, SumOverRows<T>{sums, gradient, dst.h, 1});
    } else {
      const int c = static_cast<int>(dst.c);
      launcher.rows(dst.n * dst.h, c,
                    BinaryBackwardOverColumns<T>{g, other, operand, sums, dst.h, dst.w, dst.c, derivative});
      launcher.rows(dst.n, c, SumOverRows<T>{sums, gradient, dst.h, dst.c});
    }
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ChannelAffineProblem& problem, const Operands& at) {
  const Shape& s = problem.dst;
  size_t next = 1;
  const float* factor = problem.factors > 0 ? at.at(next++) : nullptr;
  const float* shift = problem.shifts > 0 ? at.at(next++) : nullptr;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h * s.w, static_cast<int>(s.c),
                  ScaleAndShift<T>{at.template at<T>(0), factor, shift, at.template at<T>(next), s.c,
                                   problem.factors == 1, problem.shifts == 1});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LayerNormProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  size_t next = 1;
  const float* factor = problem.factor ? at.at(next++) : nullptr;
  const float* shift = problem.shift ? at.at(next++) : nullptr;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(
        s.n * s.h * s.w, s.c,
        NormaliseLayer<T>{at.template at<T>(0), factor, shift, at.template at<T>(next), s.c, problem.epsilon});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LayerNormBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  size_t next = 2;
  const float* factor = problem.factor ? at.at(next++) : nullptr;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(s.n * s.h * s.w, s.c,
                   NormaliseLayerBackward<T>{at.template at<T>(0), at.template at<T>(1), factor,
                                             at.template at<T>(next), s.c, problem.epsilon});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const GroupNormProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int c = static_cast<int>(s.c);
  size_t next = 1;
  const float* factor = problem.factor ? at.at(next++) : nullptr;
  const float* shift = problem.shift ? at.at(next++) : nullptr;
  float *statistics = at.at(next + 1), *of_channels = at.workspace(), *of_rows = of_channels + s.n * 2 * s.c;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const T* src = at.template at<T>(0);
    launcher.rows(s.n * s.h, c, MomentsOfRow<T>{src, of_rows, s.w, s.c});
    launcher.rows(s.n, c, MomentsOfChannel{of_rows, of_channels, s.h, s.w, s.c});
    launcher.tiles(s.n * problem.groups, s.c / problem.groups,
                   StatisticsOfGroup{of_channels, statistics, problem.groups, s.c, s.h * s.w, problem.epsilon});
    launcher.rows(s.n * s.h * s.w, c,
                  NormaliseGroup<T>{src, statistics, factor, shift, at.template at<T>(next), s.h * s.w, s.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const GroupNormBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int c = static_cast<int>(s.c);
  size_t next = 3;
  const float *statistics = at.at(2), *factor = problem.factor ? at.at(next++) : nullptr;
  float *of_channels = at.workspace(), *means = of_channels + s.n * 2 * s.c, *of_rows = means + s.n * 2 * s.c;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    const T *g = at.template at<T>(0), *src = at.template at<T>(1);
    launcher.rows(s.n * s.h, c, GradientSumsOfRow<T>{g, src, statistics, of_rows, s.h, s.w, s.c});
    launcher.rows(s.n, 2 * c, SumOverRows<float>{of_rows, of_channels, s.h, 2 * s.c});
    launcher.tiles(s.n * problem.groups, s.c / problem.groups,
                   GradientMeansOfGroup{of_channels, factor, means, problem.groups, s.c, s.h * s.w});
    launcher.rows(
        s.n * s.h * s.w, c,
        NormaliseGroupBackward<T>{g, src, statistics, factor, means, at.template at<T>(next), s.h * s.w, s.c});
  });
}

}  // namespace phosphene
