// An objective of a network and its gradients towards values of it: planned once, run on many inputs.
#pragma once

#include <string>
#include <vector>

#include "experiment/objective/objective.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"
#include "runtime/program.h"
#include "runtime/states.h"

namespace phosphene {

class GradientProgram {
 public:
  // `input`: N C H W of the network's input, N = 1. `at`: the layers towards which gradients are wanted besides the input. Throws for a
  // layer that does not exist, and for one on which the objective does not depend. All outlive this.
  GradientProgram(const Model& model, Backend& backend, const Objective& objective, const Shape& input,
                  const std::vector<std::string>& at = {});
  // The network behind `layer` alone, whose activations, of `activations`, are its input. Throws where the objective depends on the
  // photograph in another way as well.
  GradientProgram(const Model& model, Backend& backend, const Objective& objective, const Shape& input,
                  const std::string& layer, const Shape& activations);
  GradientProgram(const GradientProgram&) = delete;
  GradientProgram& operator=(const GradientProgram&) = delete;

  // Of a photograph, planar 1 x C x H x W in [0, 1], or of activations, 1 x C x H x W. Returns the objective.
  double run(const HostTensor& input);

  // Of the last run, towards the input: of a photograph with respect to its colours in [0, 1], planar.
  [[nodiscard]] HostTensor gradient() const;
  // Towards one of `at`, and what the layer was: 1 x C x H x W.
  [[nodiscard]] HostTensor gradient_at(size_t index) const;
  [[nodiscard]] HostTensor value_at(size_t index) const;

 private:
  const Model& model_;
  const Objective& objective_;
  States states_;
  std::string layer_;  // "" from the photograph on
  ValueId input_ = kNoValue, value_ = kNoValue;
  std::vector<ValueId> values_, gradients_;  // of the input, then of each of `at`
  std::unique_ptr<Program> program_;
};

}  // namespace phosphene
