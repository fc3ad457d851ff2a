// Problems of the optimiser: schedules, updates of parameters, and what is kept from step to step. Conventions of all problems:
// runtime/problems/problem.h.
#pragma once

#include "kernels/parameters.h"
#include "runtime/problems/problem_list.h"
#include "runtime/tensor.h"

namespace phosphene {

// history[step, n] = value[n]; a value that is not finite sets stopped_at[n] = step + 1 once, which freezes the image.
struct ObjectiveHistoryProblem {  // value (N), step (i64) -> history (steps x N), stopped_at (i64, N)
  int64_t n = 0, steps = 0;
};

struct AdamScheduleProblem {  // step (i64) -> factors (2)
  double learning_rate = 0, beta1 = 0, beta2 = 0;
  AdamEpsilon epsilon_form = AdamEpsilon::torch;
  LearningRateSchedule schedule{};
  bool nesterov = false;  // NAdam, with 3 factors: kernels/nadam.h
};
// Adam's update of a parameter of n images; rows of `row_elements`. With `whitened`, the gradient is multiplied by scale first, which
// has scale_rows rows and repeats over the rows of the parameter. Frozen images (stopped_at) keep their bytes.
struct AdamProblem {  // grad, factors, stopped_at (i64, N), [scale] -> parameter, m, v
  int64_t n = 0, rows_per_image = 0, row_elements = 0;
  double beta1 = 0, beta2 = 0, epsilon = 0;
  bool whitened = false;
  int64_t scale_rows = 0;
  bool nesterov = false;
};

// The rows of a parameter, or of its gradient, and how many of them each owner (an image, or a group that shares it) has.
struct ParameterRows {
  int64_t owners = 0, rows_per_owner = 0, row_elements = 0;
};

// kernels/momentum.h has the formulas.
struct MomentumScheduleProblem {  // step (i64) -> factors (1)
  double learning_rate = 0;
  LearningRateSchedule schedule{};
};
struct MomentumProblem {  // grad, factors, stopped_at (i64 per owner) -> parameter, m
  ParameterRows rows;
  double momentum = 0;
  bool sign = false;
};

// squares[owner] = the sum of the squares of its rows; dst = src / norm, or clipped to `limit` (kernels/gradient_scale.h).
struct SquaredNormProblem {  // src -> squares; workspace
  ParameterRows rows;

  [[nodiscard]] int64_t workspace_bytes() const {
    return rows.owners * rows.rows_per_owner * static_cast<int64_t>(sizeof(float));
  }
};
struct ScaleGradientProblem {  // src, squares -> dst
  ParameterRows rows;
  double limit = 0;
};

// A generator's code within its bounds: kernels/clamp_code.h. A row is a position, an element a channel.
struct ClampCodeProblem {  // least, most (C each), stopped_at (i64 per owner) -> code
  ParameterRows rows;
  double norm = 0;
};

// stopped_at[group] = the first stopped_at that is set of its images, or 0.
struct GroupStoppedAtProblem {  // stopped_at (i64, N) -> stopped_at (i64 per group)
  int64_t groups = 0, images = 0;
};

// step += 1.
struct AdvanceProblem {};  // -> step (i64)

// All are solved by our kernels (runtime/launches/optimiser.h).
using OptimiserKernelProblems =
    ProblemList<ObjectiveHistoryProblem, AdamScheduleProblem, AdamProblem, MomentumScheduleProblem, MomentumProblem,
                SquaredNormProblem, ScaleGradientProblem, ClampCodeProblem, GroupStoppedAtProblem, AdvanceProblem>;

}  // namespace phosphene
