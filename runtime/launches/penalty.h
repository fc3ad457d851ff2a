// Launches of the image's penalties.
#pragma once

#include <algorithm>

#include "kernels/blur_distance.h"
#include "kernels/blur_penalty.h"
#include "kernels/distance_penalty.h"
#include "kernels/total_variation.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/objective.h"

namespace phosphene {

// What a problem's passes share: rows (n, c, h) of the image.
template <class SomeProblem>
struct PenaltySizes {
  int64_t per_image, count;
  int c, h, w, border;

  explicit PenaltySizes(const SomeProblem& problem)
      : per_image(problem.image.c * problem.image.h),
        count(problem.image.n * per_image),
        c(static_cast<int>(problem.image.c)),
        h(static_cast<int>(problem.image.h)),
        w(static_cast<int>(problem.image.w)),
        border(problem.kind == PenaltyKind::boundary_complexity ? static_cast<int>(problem.border) : std::max(h, w)) {}
};

inline constexpr float kBoundaryGrey = 0.8F;

// Whether the penalty reads a picture beside the image and its rows.
inline bool reads_picture(PenaltyKind kind) {
  return kind == PenaltyKind::input_difference || kind == PenaltyKind::input_mean_square;
}

template <class Launcher>
void launch(const Launcher& launcher, const PenaltyProblem& problem, const Operands& at) {
  const PenaltySizes s(problem);
  const bool from_picture = reads_picture(problem.kind);
  const auto* rows = at.template at<const PenaltyRow>(1);
  float* terms = at.workspace();
  float* value = at.at(from_picture ? 3 : 2);
  float* kept = at.at(from_picture ? 4 : 3);
  float* unweighted = kept;
  switch (problem.kind) {
    case PenaltyKind::total_variation:
      launcher.tiles(s.count, s.w, TotalVariationTerms{at.at(0), terms, s.h, s.w});
      break;
    case PenaltyKind::l1:
      launcher.tiles(s.count, s.w, DistanceTerms<false>{at.at(0), nullptr, rows, terms, s.per_image, s.w});
      break;
    case PenaltyKind::l2:
      launcher.tiles(s.count, s.w, DistanceTerms<true>{at.at(0), nullptr, rows, terms, s.per_image, s.w});
      break;
    case PenaltyKind::input_difference:
    case PenaltyKind::input_mean_square:
      launcher.tiles(s.count, s.w, DistanceTerms<true>{at.at(0), at.at(2), rows, terms, s.per_image, s.w});
      break;
    case PenaltyKind::blur:
      launcher.tiles(s.count, s.w, BlurTerms{at.at(0), terms, s.h, s.w});
      break;
    case PenaltyKind::blur_through:
      unweighted = terms + s.count;
      launcher.tiles(s.count, s.w,
                     BlurDistanceTerms<1>{at.at(0), rows, kept, terms, s.per_image, s.h, s.w, s.border, 0.5F, 0});
      break;
    case PenaltyKind::boundary_complexity:
      unweighted = terms + s.count;
      launcher.tiles(
          s.count, s.w,
          BlurDistanceTerms<2>{at.at(0), rows, kept, terms, s.per_image, s.h, s.w, s.border, 1, kBoundaryGrey});
      break;
  }
  launcher.tiles(problem.image.n, s.per_image,
                 PenaltyValue{terms, rows, value, unweighted, s.per_image, problem.kind, s.per_image * s.w});
}

template <class Launcher>
void launch(const Launcher& launcher, const PenaltyBackwardProblem& problem, const Operands& at) {
  const PenaltySizes s(problem);
  const auto* rows = at.template at<const PenaltyRow>(1);
  const float* src = at.at(0);
  const float* kept = at.at(2);
  float* grad_src = at.at(reads_picture(problem.kind) ? 4 : 3);
  switch (problem.kind) {
    case PenaltyKind::total_variation:
      return launcher.rows(s.count, s.w, TotalVariationBackward{src, rows, grad_src, s.c, s.h, s.w});
    case PenaltyKind::l1:
      return launcher.rows(s.count, s.w,
                           DistanceBackward<false>{src, nullptr, rows, kept, grad_src, s.per_image, 1, s.w});
    case PenaltyKind::l2:
      return launcher.rows(s.count, s.w,
                           DistanceBackward<true>{src, nullptr, rows, kept, grad_src, s.per_image, 1, s.w});
    case PenaltyKind::input_difference:
    case PenaltyKind::input_mean_square:
      return launcher.rows(
          s.count, s.w,
          DistanceBackward<true>{src, at.at(3), rows, kept, grad_src, s.per_image, s.per_image * s.w, s.w});
    case PenaltyKind::blur:
      return launcher.rows(s.count, s.w, BlurBackward{src, rows, grad_src, s.c, s.h, s.w});
    case PenaltyKind::blur_through:
      return launcher.rows(
          s.count, s.w, BlurDistanceBackward<1>{src, rows, kept, grad_src, s.per_image, s.h, s.w, s.border, 0.5F, 0});
    case PenaltyKind::boundary_complexity:
      return launcher.rows(
          s.count, s.w,
          BlurDistanceBackward<2>{src, rows, kept, grad_src, s.per_image, s.h, s.w, s.border, 1, kBoundaryGrey});
  }
}

}  // namespace phosphene
