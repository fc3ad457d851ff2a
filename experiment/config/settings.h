// What one optimisation is made with: all that the phases of a config have, each for itself.
#pragma once

#include <cstdint>
#include <string>

#include "experiment/config/transforms.h"
#include "experiment/image/batch_image.h"
#include "experiment/image/image.h"
#include "experiment/objective/term.h"
#include "layers/optimiser/ascent.h"
#include "loaders/model/model_graph.h"

namespace phosphene {

// What a phase takes over from the one before it: nothing (it is the first), the picture that it then changes, its parameters, or
// these and the optimiser's moments and steps.
enum class CarryOver { nothing, picture, parameters, optimisation };

struct Settings {
  ImageSettings image;
  Transforms transforms;
  Objective objective;
  OptimiserAttributes optimiser;
  int64_t steps = 512;
  uint64_t seed = 0;
  GradientRules gradients;
  DType precision = DType::f32;  // of the network's activations, gradients and weights: f32 or bf16

  CarryOver carry_over = CarryOver::nothing;
  // The optimisation that these settings are a part of: the step that they start at, and the steps of all its phases.
  int64_t first_step = 0, optimisation_steps = 512;
};

inline BatchImage batch_image(const Settings& settings, int64_t image) {
  return {&settings.objective, settings.seed, image, settings.image.images};
}

}  // namespace phosphene
