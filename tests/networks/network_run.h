// Runs a whole network on the CPU: activations, and gradients of objectives at its input.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loaders/model/model_graph.h"
#include "tests/support/golden.h"

namespace phosphene::testing {

// The layers asked for, N C H W, for a prepared input N C H W.
std::map<std::string, HostTensor> activations(const Model& model, const Array& input,
                                              const std::vector<std::string>& layers);

// What is to be differentiated: the sum over images of weight * mean over the region of one unit, or of a direction, or of the
// squares of a layer, or the diversity of all images.
enum class ObjectiveKind { unit, direction, layer, diversity };
struct NetworkObjective {
  ObjectiveKind kind = ObjectiveKind::unit;
  std::string layer;
  int unit = 0;
  bool at_centre = false;  // the region is the position (H / 2, W / 2), not the whole map
  float weight = 1;
  std::vector<float> direction = {};
  int power = 0;
  bool narrowed =
      false;  // a unit's: computed as a step does (experiment/objective/needed_channels.h), not from its whole layer
};

struct InputGradient {
  double value = 0;
  std::vector<float> gradient;  // N C H W
};
InputGradient input_gradient(const Model& model, const Array& input, const NetworkObjective& objective);

}  // namespace phosphene::testing
