// Launches of the objectives' kernels.
#pragma once

#include "kernels/alignment.h"
#include "kernels/direction_objective.h"
#include "kernels/layer_objective.h"
#include "kernels/product.h"
#include "kernels/reference_objective.h"
#include "kernels/unit_objective.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/objective.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const UnitObjectiveProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(s.n, s.h * s.w,
                   UnitValue<T>{at.template at<T>(0), at.template at<const UnitRow>(1), at.at(2), s.c,
                                static_cast<int>(s.h), static_cast<int>(s.w)});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const UnitObjectiveBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h * s.w, static_cast<int>(s.c),
                  UnitValueBackward<T>{at.template at<const UnitRow>(0), problem.scaled ? at.at(1) : nullptr,
                                       at.template at<T>(problem.scaled ? 2 : 1), s.c, static_cast<int>(s.h),
                                       static_cast<int>(s.w)});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const ProductProblem& problem, const Operands& at) {
  launcher.rows(problem.images, 1,
                Product{at.at(0), at.at(1), at.template at<const ProductRow>(2), at.at(3), at.at(4), at.at(5),
                        static_cast<int>(problem.group)});
}

template <class Launcher>
void launch(const Launcher& launcher, const DirectionObjectiveProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  const auto* rows = at.template at<const DirectionRow>(1);
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(s.n * s.h * s.w, s.c,
                   DirectionTerms<T>{at.template at<T>(0), rows, at.at(2), at.workspace(), s.c, h, w});
  });
  launcher.tiles(s.n, s.h * s.w, DirectionValue{at.workspace(), rows, at.at(3), h, w});
}

template <class Launcher>
void launch(const Launcher& launcher, const DirectionObjectiveBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(s.n * s.h * s.w, s.c,
                   DirectionBackward<T>{at.template at<T>(0), at.template at<const DirectionRow>(1), at.at(2),
                                        at.template at<T>(3), s.c, static_cast<int>(s.h), static_cast<int>(s.w)});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LayerObjectiveProblem& problem, const Operands& at) {
  const int64_t elements = problem.src.elements() / problem.src.n;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(problem.src.n, elements,
                   LayerValue<T>{at.template at<T>(0), at.template at<const LayerRow>(1), at.at(2), elements});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const LayerObjectiveBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h, static_cast<int>(s.w * s.c),
                  LayerValueBackward<T>{at.template at<T>(0), at.template at<const LayerRow>(1), at.template at<T>(2),
                                        s.w * s.c, s.h});
  });
}

template <ReferenceKind kKind, class Launcher>
void launch_reference(const Launcher& launcher, const ReferenceObjectiveProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  float* sums = at.workspace();
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(s.n * s.h, s.w * s.c,
                   ReferenceSums<kKind, T>{at.template at<T>(0), at.template at<T>(1), sums, s.w * s.c});
  });
  launcher.tiles(s.n, s.h, ReferenceValue<kKind>{sums, at.template at<const ReferenceRow>(2), at.at(3), at.at(4), s.h});
}

template <class Launcher>
void launch(const Launcher& launcher, const ReferenceObjectiveProblem& problem, const Operands& at) {
  if (problem.kind == ReferenceKind::caricature) {
    launch_reference<ReferenceKind::caricature>(launcher, problem, at);
  } else {
    launch_reference<ReferenceKind::inversion>(launcher, problem, at);
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const ReferenceObjectiveBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h, static_cast<int>(s.w * s.c),
                  ReferenceBackward<T>{at.template at<T>(0), at.template at<T>(1), at.at(2), at.template at<T>(3), s.h,
                                       s.w * s.c});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const AlignmentProblem& problem, const Operands& at) {
  const int64_t elements = problem.src.elements() / problem.src.n;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.tiles(problem.src.n, kAlignedNeighbours * elements,
                   AlignmentValue<T>{at.template at<T>(0), at.template at<const AlignmentRow>(1), at.at(2), elements,
                                     static_cast<int>(problem.group)});
  });
}

template <class Launcher>
void launch(const Launcher& launcher, const AlignmentBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.src;
  with_storage(launcher, problem.storage, [&](auto storage) {
    using T = decltype(storage);
    launcher.rows(s.n * s.h, static_cast<int>(s.w * s.c),
                  AlignmentValueBackward<T>{at.template at<T>(0), at.template at<const AlignmentRow>(1),
                                            at.template at<T>(2), s.w * s.c, s.h, static_cast<int>(problem.group)});
  });
}

}  // namespace phosphene
