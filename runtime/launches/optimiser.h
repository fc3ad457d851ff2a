// Launches of the optimiser's kernels.
#pragma once

#include "kernels/adam.h"
#include "kernels/clamp_code.h"
#include "kernels/gradient_scale.h"
#include "kernels/momentum.h"
#include "kernels/nadam.h"
#include "kernels/objective_history.h"
#include "runtime/launches/operands.h"
#include "runtime/problems/optimiser.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const ObjectiveHistoryProblem& problem, const Operands& at) {
  launcher.rows(problem.n, 1,
                KeepObjective{at.at(0), at.template at<const int64_t>(1), at.at(2), at.template at<int64_t>(3),
                              problem.n, problem.steps});
}

template <class Launcher>
void launch(const Launcher& launcher, const AdamScheduleProblem& problem, const Operands& at) {
  const auto* step = at.template at<const int64_t>(0);
  if (problem.nesterov) {
    launcher.rows(1, 1,
                  NadamFactors{step, at.at(1), problem.learning_rate, problem.beta1, problem.beta2, problem.schedule});
  } else {
    launcher.rows(1, 1,
                  AdamFactors{step, at.at(1), problem.learning_rate, problem.beta1, problem.beta2, problem.epsilon_form,
                              problem.schedule});
  }
}

template <bool kWhitened, bool kNesterov, class Launcher>
void launch_adam(const Launcher& launcher, const AdamProblem& problem, const Operands& at) {
  const size_t parameter = kWhitened ? 4 : 3;
  const float* scale = kWhitened ? at.at(3) : nullptr;
  const auto first = MovingAverage::of(problem.beta1), second = MovingAverage::of(problem.beta2);
  launcher.rows(problem.n * problem.rows_per_image, static_cast<int>(problem.row_elements),
                AdamUpdate<kWhitened, kNesterov>{at.at(0), at.at(1), at.template at<const int64_t>(2), scale,
                                                 at.at(parameter), at.at(parameter + 1), at.at(parameter + 2),
                                                 problem.rows_per_image, problem.row_elements, problem.scale_rows,
                                                 first, second, static_cast<float>(problem.epsilon)});
}

template <class Launcher>
void launch(const Launcher& launcher, const AdamProblem& problem, const Operands& at) {
  if (problem.nesterov) {
    problem.whitened ? launch_adam<true, true>(launcher, problem, at) : launch_adam<false, true>(launcher, problem, at);
  } else {
    problem.whitened ? launch_adam<true, false>(launcher, problem, at)
                     : launch_adam<false, false>(launcher, problem, at);
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const MomentumScheduleProblem& problem, const Operands& at) {
  launcher.rows(1, 1,
                MomentumFactors{at.template at<const int64_t>(0), at.at(1), problem.learning_rate, problem.schedule});
}

template <bool kSign, class Launcher>
void launch_momentum(const Launcher& launcher, const MomentumProblem& problem, const Operands& at) {
  const ParameterRows& r = problem.rows;
  launcher.rows(r.owners * r.rows_per_owner, static_cast<int>(r.row_elements),
                MomentumUpdate<kSign>{at.at(0), at.at(1), at.template at<const int64_t>(2), at.at(3), at.at(4),
                                      r.rows_per_owner, r.row_elements, static_cast<float>(problem.momentum)});
}

template <class Launcher>
void launch(const Launcher& launcher, const MomentumProblem& problem, const Operands& at) {
  problem.sign ? launch_momentum<true>(launcher, problem, at) : launch_momentum<false>(launcher, problem, at);
}

template <class Launcher>
void launch(const Launcher& launcher, const SquaredNormProblem& problem, const Operands& at) {
  const ParameterRows& r = problem.rows;
  launcher.tiles(r.owners * r.rows_per_owner, r.row_elements, SquaresOfRow{at.at(0), at.workspace(), r.row_elements});
  launcher.tiles(r.owners, r.rows_per_owner, SquaresOfImage{at.workspace(), at.at(1), r.rows_per_owner});
}

template <class Launcher>
void launch(const Launcher& launcher, const ScaleGradientProblem& problem, const Operands& at) {
  const ParameterRows& r = problem.rows;
  launcher.rows(
      r.owners * r.rows_per_owner, static_cast<int>(r.row_elements),
      ScaleGradient{at.at(0), at.at(1), at.at(2), r.rows_per_owner, r.row_elements, static_cast<float>(problem.limit)});
}

template <class Launcher>
void launch(const Launcher& launcher, const ClampCodeProblem& problem, const Operands& at) {
  const ParameterRows& r = problem.rows;
  launcher.tiles(r.owners * r.rows_per_owner, r.row_elements,
                 ClampCodeRow{at.at(0), at.at(1), at.template at<const int64_t>(2), at.at(3), r.rows_per_owner,
                              r.row_elements, static_cast<float>(problem.norm)});
}

template <class Launcher>
void launch(const Launcher& launcher, const GroupStoppedAtProblem& problem, const Operands& at) {
  launcher.rows(problem.groups, 1,
                GroupStoppedAt{at.template at<const int64_t>(0), at.template at<int64_t>(1), problem.images});
}

template <class Launcher>
void launch(const Launcher& launcher, const AdvanceProblem& /*problem*/, const Operands& at) {
  launcher.rows(1, 1, AdvanceStep{at.template at<int64_t>(0)});
}

}  // namespace phosphene
