// Launches of the optimiser's kernels.
#pragma once

#include "kernels/adam.h"
#include "kernels/record.h"
#include "runtime/launches/operands.h"
#include "runtime/problems.h"

namespace phosphene {

template <class Launcher>
void launch(const Launcher& launcher, const RecordProblem& problem, const Operands& at) {
  launcher.rows(problem.n, 1,
                RecordValue{at.at(0), at.template at<const int64_t>(1), at.at(2), at.template at<int64_t>(3), problem.n,
                            problem.steps});
}

template <class Launcher>
void launch(const Launcher& launcher, const AdamScheduleProblem& problem, const Operands& at) {
  launcher.rows(1, 1,
                AdamFactors{at.template at<const int64_t>(0), at.at(1), problem.learning_rate, problem.beta1,
                            problem.beta2, problem.epsilon_form});
}

template <bool kWhitened, class Launcher>
void launch_adam(const Launcher& launcher, const AdamProblem& problem, const Operands& at) {
  const size_t parameter = kWhitened ? 4 : 3;
  const float* scale = kWhitened ? at.at(3) : nullptr;
  const auto first = MovingAverage::of(problem.beta1), second = MovingAverage::of(problem.beta2);
  launcher.rows(
      problem.n * problem.rows_per_image, static_cast<int>(problem.row_elements),
      AdamUpdate<kWhitened>{at.at(0), at.at(1), at.template at<const int64_t>(2), scale, at.at(parameter),
                            at.at(parameter + 1), at.at(parameter + 2), problem.rows_per_image, problem.row_elements,
                            problem.scale_rows, first, second, static_cast<float>(problem.epsilon)});
}

template <class Launcher>
void launch(const Launcher& launcher, const AdamProblem& problem, const Operands& at) {
  if (problem.whitened) {
    launch_adam<true>(launcher, problem, at);
  } else {
    launch_adam<false>(launcher, problem, at);
  }
}

template <class Launcher>
void launch(const Launcher& launcher, const AdvanceProblem& /*problem*/, const Operands& at) {
  launcher.rows(1, 1, AdvanceStep{at.template at<int64_t>(0)});
}

}  // namespace phosphene
