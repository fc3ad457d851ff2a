// phosphene check: whether a GPU computes what the CPU computes.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/one_step.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/step/step_check.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct CheckOptions {
  OneStepOptions of;
  int64_t steps = 3;
  bool all = false;
};

// tests/support/tolerances.md: of half of all elements, what rounding does; of the whole, what ReLUs and maxima at their kinks can do.
struct Tolerances {
  double rounding = 0;     // of a product's factors
  double median = 0;       // of the largest element of the gradient
  double relative_l2 = 0;  // of the gradient
};
constexpr Tolerances kF32{0x1p-24, 32 * 0x1p-24, 2e-2}, kTf32{0x1p-11, 0x1p-11, 0.14}, kBf16{0x1p-24, 0x1p-9, 0.4};

const Tolerances& tolerances_of(DType precision, bool tf32) {
  if (precision == DType::bf16) return kBf16;
  return tf32 ? kTf32 : kF32;
}

void print(const ValueDifference& value) {
  print_result("{} {:<40} {:<26} {:>16}  error {:.1e} of {:.1e}\n", value.agrees() ? " " : "!",
               printable(value.layer, kWholeName), value.kind, to_string(value.shape), value.error, value.tolerance);
}

void check(const CheckOptions& options) {
  const OneStepSubject subject(options.of);
  const auto& [model, config, slots, image] = subject;
  const std::unique_ptr<Backend> cpu = open_device({.device = "cpu", .threads = options.of.device.threads});
  const std::unique_ptr<Backend> device = open_device(options.of.device);
  print_result("{} against {}\n", device->description(), cpu->description());

  const Tolerances& tolerances = tolerances_of(config.precision, options.of.device.tf32);
  int64_t values = 0;
  std::optional<ValueDifference> first;
  std::optional<LoopProgress> ops;
  compare_ops(model, config, slots, *cpu, *device, tolerances.rounding, [&](const ValueDifference& value) {
    ++values;
    if (!ops) ops.emplace("ops compared", value.ops);
    ops->done(value.op);
    if (options.all) print(value);
    if (!value.agrees() && !first) first = value;
  });
  print_result("{} values of one step, each from the CPU's inputs: {}\n", values, first ? "they differ" : "all agree");
  if (first) {
    print(*first);
    fail_internal(first->layer, "{} is the first value that differs", first->kind);
  }

  const GradientDifference gradient = compare_gradients(model, config, slots, *cpu, *device);
  print_result("gradient of a whole step: median error {:.1e} of its largest element, relative l2 {:.1e}\n",
               gradient.median, gradient.relative_l2);
  if (!(gradient.median <= tolerances.median) || !(gradient.relative_l2 <= tolerances.relative_l2))
    fail_internal("gradient", "differs although every op agrees");

  DeviceOptions eager = options.of.device;
  eager.record = !options.of.device.record;
  const std::unique_ptr<Backend> other = open_device(eager);
  const LoopProgress progress("steps", 2 * options.steps);
  const auto recorded =
      parameter_after(model, config, slots, *device, options.steps, [&](int64_t step) { progress.done(step); });
  const auto one_by_one = parameter_after(model, config, slots, *other, options.steps,
                                          [&](int64_t step) { progress.done(options.steps + step); });
  const bool same = recorded == one_by_one;
  print_result("{} steps recorded and enqueued one by one: {}\n", options.steps, same ? "the same bytes" : "different");
  if (!same) fail_internal("recording", "recorded steps give another result than eager ones");
}

}  // namespace

void add_check(CLI::App& command) {
  auto options = std::make_shared<CheckOptions>();
  options->of.device.device = "cuda";
  add_details(command, "With --device cpu --precision bf16 the CPU's own bfloat16.");
  add_one_step_options(command, options->of);
  whole_number(command.add_option("--steps", options->steps, "whole steps to compare"), 1, 100000)
      ->capture_default_str();
  command.add_flag("--all", options->all, "print every value");
  command.footer("Example:\n  phosphene check googlenet --layer mixed4a --device cuda");
  command.callback([options] { check(*options); });
}

}  // namespace phosphene
