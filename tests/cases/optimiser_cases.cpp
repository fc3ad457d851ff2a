#include "tests/cases/case_list.h"

namespace phosphene::cases {
namespace {

void add_adam(CaseList& list, const ParameterRows& rows, bool whitened, bool nesterov) {
  const int64_t count = rows.owners * rows.rows_per_owner * rows.row_elements;
  AdamProblem problem{.n = rows.owners,
                      .rows_per_image = rows.rows_per_owner,
                      .row_elements = rows.row_elements,
                      .beta1 = 0.9,
                      .beta2 = 0.999,
                      .epsilon = 1e-8};
  problem.whitened = whitened;
  problem.scale_rows = list.picture().h;
  problem.nesterov = nesterov;
  std::vector<Operand> operands = {numbers(count), table(std::vector<float>{0.05F, 1.3F, 0.02F}),
                                   integers(rows.owners)};
  if (whitened) operands.push_back(positive(problem.scale_rows * rows.row_elements));
  operands.insert(operands.end(), {updated(numbers(count)), updated(numbers(count)), updated(positive(count))});
  list.add(std::string(nesterov ? "nadam" : "adam") + (whitened ? "/whitened" : ""), problem, std::move(operands));
}

void add_ascents(CaseList& list, const ParameterRows& rows) {
  const Operand gradient = numbers(rows.owners * rows.rows_per_owner * rows.row_elements);
  for (const bool whitened : {false, true})
    for (const bool nesterov : {false, true}) add_adam(list, rows, whitened, nesterov);
  for (const bool sign : {false, true}) {
    list.add(sign ? "momentum/sign" : "momentum", MomentumProblem{rows, 0.9, sign},
             {gradient, table(std::vector<float>{0.05F}), integers(rows.owners), updated(gradient), updated(gradient)});
  }
  list.add("squared_norm", SquaredNormProblem{rows}, {gradient, written(numbers(rows.owners))});
  for (const double limit : {0., 2.}) {
    list.add(limit > 0 ? "scale_gradient/clipped" : "scale_gradient", ScaleGradientProblem{rows, limit},
             {gradient, positive(rows.owners), written(gradient)});
  }
}

void add_schedules(CaseList& list) {
  const Operand step = integers(1, 5);
  LearningRateSchedule schedule{.shape = ScheduleShape::cosine, .to = 0.1, .steps = 20, .warmup = 8};
  AdamScheduleProblem adam{.learning_rate = 0.05, .beta1 = 0.9, .beta2 = 0.999, .schedule = schedule}, nadam = adam;
  nadam.nesterov = true;
  list.add("adam_schedule", adam, {step, written(numbers(2))});
  list.add("adam_schedule/nadam", nadam, {step, written(numbers(3))});
  list.add("momentum_schedule", MomentumScheduleProblem{.learning_rate = 0.02, .schedule = schedule},
           {step, written(numbers(1))});
}

}  // namespace

void add_optimiser_cases(CaseList& list) {
  const Shape spectrum = list.spectrum();
  add_ascents(list, {list.images, spectrum.c * spectrum.h, spectrum.w});
  add_schedules(list);
  const ParameterRows code{list.images, list.real() ? 49 : 30, list.real() ? 1024 : 149};
  list.add("clamp_code", ClampCodeProblem{code, 8},
           {numbers(code.row_elements, -1, 0), numbers(code.row_elements, 0.5F, 1), integers(list.images),
            updated(numbers(code.owners * code.rows_per_owner * code.row_elements))});

  const Operand step = integers(1, 5), running = integers(list.images);
  list.add("objective_history", ObjectiveHistoryProblem{list.images, 8},
           {numbers(list.images), step, partly(1. / 8, updated(numbers(8 * list.images))), updated(running)});
  const int64_t groups = (list.images + 1) / 2;
  list.add("group_stopped_at", GroupStoppedAtProblem{groups, list.images / groups},
           {running, written(integers(groups))});
  list.add("advance", AdvanceProblem{}, {updated(step)});
}

}  // namespace phosphene::cases
