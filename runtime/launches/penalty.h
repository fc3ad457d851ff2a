// Launches of the image's penalties.
#pragma once

#include "kernels/blur_penalty.h"
#include "kernels/distance_penalty.h"
#include "kernels/total_variation.h"
#include "runtime/launches/operands.h"
#include "runtime/problems.h"

namespace phosphene {

inline int64_t workspace_bytes(const PenaltyProblem& problem) {
  return problem.image.n * problem.image.c * problem.image.h * static_cast<int64_t>(sizeof(float));
}

template <class Launcher>
void launch(const Launcher& launcher, const PenaltyProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int64_t per_image = s.c * s.h, count = s.n * per_image;
  const int h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  const auto* rows = at.template at<const PenaltyRow>(1);
  float* terms = at.workspace();
  switch (problem.kind) {
    case PenaltyKind::total_variation:
      launcher.tiles(count, s.w, TotalVariationTerms{at.at(0), terms, h, w});
      break;
    case PenaltyKind::l1:
      launcher.tiles(count, s.w, DistanceTerms<false>{at.at(0), rows, terms, per_image, w});
      break;
    case PenaltyKind::l2:
      launcher.tiles(count, s.w, DistanceTerms<true>{at.at(0), rows, terms, per_image, w});
      break;
    case PenaltyKind::blur:
      launcher.tiles(count, s.w, BlurTerms{at.at(0), terms, h, w});
      break;
  }
  launcher.tiles(s.n, per_image, PenaltyValue{terms, rows, at.at(2), at.at(3), per_image, problem.kind});
}

template <class Launcher>
void launch(const Launcher& launcher, const PenaltyBackwardProblem& problem, const Operands& at) {
  const Shape& s = problem.image;
  const int64_t per_image = s.c * s.h, count = s.n * per_image;
  const int c = static_cast<int>(s.c), h = static_cast<int>(s.h), w = static_cast<int>(s.w);
  const auto* rows = at.template at<const PenaltyRow>(1);
  switch (problem.kind) {
    case PenaltyKind::total_variation:
      return launcher.rows(count, w, TotalVariationBackward{at.at(0), rows, at.at(3), c, h, w});
    case PenaltyKind::l1:
      return launcher.rows(count, w, DistanceBackward<false>{at.at(0), rows, at.at(2), at.at(3), per_image, w});
    case PenaltyKind::l2:
      return launcher.rows(count, w, DistanceBackward<true>{at.at(0), rows, at.at(2), at.at(3), per_image, w});
    case PenaltyKind::blur:
      return launcher.rows(count, w, BlurBackward{at.at(0), rows, at.at(3), c, h, w});
  }
}

}  // namespace phosphene
