// Compares two backends op by op over a whole optimisation step.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/step/step_program.h"

namespace phosphene {

struct ValueDifference {
  std::string layer, kind;
  Shape shape;
  double error = 0;         // the largest, of the value's largest magnitude; infinite where a number is not finite
  double tolerance = 0;     // 0: the bytes must agree
  int64_t op = 0, ops = 0;  // that wrote it: which of how many, from 1
  [[nodiscard]] bool agrees() const { return error <= tolerance; }
};

// Runs each op of the step alone on both backends, on what the reference computed before it, so that an error is seen where it
// arises and nowhere else; reports every value, in the order of the step. `rounding`: the unit roundoff of the tested
// backend's products, 2^-24, or 2^-11 for TF32. The reference computes in f32 whatever the config's precision; with bf16 both read
// the values that bf16 has room for.
void compare_ops(const Model& model, const Settings& settings, const std::vector<BatchImage>& images,
                 Backend& reference, Backend& tested, double rounding,
                 const std::function<void(const ValueDifference&)>& report);

// How far the gradients of a whole first step, fused as each backend does it, are apart (of Adam's first moment, a tenth of the
// gradient). A ReLU or a maximum that is closer to its kink than rounding may fall either way, which changes all beneath it:
// so there are two numbers, see tests/support/tolerances.md.
struct GradientDifference {
  double median = 0;       // error of half of all elements, of the largest element
  double relative_l2 = 0;  // of the whole
};
GradientDifference compare_gradients(const Model& model, const Settings& settings,
                                     const std::vector<BatchImage>& images, Backend& reference, Backend& tested);

// The parameters after some whole steps, one after the other. `done` is told the number of steps after each.
std::vector<float> parameter_after(const Model& model, const Settings& settings, const std::vector<BatchImage>& images,
                                   Backend& backend, int64_t steps, const std::function<void(int64_t)>& done);

}  // namespace phosphene
