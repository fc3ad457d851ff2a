// The graph of one optimisation step: parameters -> image -> warp -> network -> objective -> and back to the optimiser.
// Which unit, vector and random key each image has is data, written to the states when a batch starts.
#pragma once

#include <string>
#include <vector>

#include "experiment/config.h"
#include "experiment/image_part.h"
#include "loaders/model.h"
#include "runtime/program.h"

namespace phosphene {

// The terms of an objective on a network's layers and on the image, for a batch of n images. All configs of a batch
// have the same kinds of terms on the same layers, so the first config's structure is everybody's.
class ObjectivePart {
 public:
  // `image`: what penalties read, planar values in [0, 1]; without one they are refused.
  ObjectivePart(Graph& graph, ModelGraph& network, const Model& model, const std::vector<Term>& terms, int64_t n,
                ValueId image = kNoValue);

  [[nodiscard]] ValueId value() const { return value_; }  // N: the sum of the terms

  // Fills the rows of the tables. Throws, with the term's place in the config, when a unit or position does not exist.
  void write(States& states, const std::vector<Slot>& slots) const;
  // Throws where `write` would.
  void check(const std::vector<Slot>& slots) const;

 private:
  struct Part {
    ValueId activation = kNoValue;  // or the image
    Shape shape;
    std::string rows, vectors;  // names of the states
  };
  const Model& model_;
  std::vector<Part> parts_;
  ValueId value_ = kNoValue;
};

// The names of the states of a step, beside those of the image's parameters (experiment/image_part.h).
inline constexpr const char* kStepState = "step";
inline constexpr const char* kLatchState = "latch";
inline constexpr const char* kHistoryState = "history";
inline constexpr const char* kKeysState = "draw keys";

// A whole program for n images of one structure, its states, and what writes them.
class StepProgram {
 public:
  StepProgram(const Model& model, const Config& config, int64_t n, Backend& backend);

  // Starts `slots` (as many as n; fill up by repeating one): tables, keys, start of the parameters, moments, latch,
  // history and step.
  void start(const std::vector<Slot>& slots);
  void step() { program_->run(); }

  [[nodiscard]] Program& program() { return *program_; }
  [[nodiscard]] const Program& program() const { return *program_; }
  [[nodiscard]] States& states() { return *states_; }
  [[nodiscard]] int64_t batch() const { return n_; }
  [[nodiscard]] const Shape& image_shape() const { return image_; }
  [[nodiscard]] const std::vector<ImageParameter>& parameters() const { return image_part_.parameters(); }
  // The optimiser's first moments of all parameters: after the first step, the gradients times what the optimiser takes
  // of them.
  [[nodiscard]] std::vector<float> first_moments() const;
  // Whether any of them that belong to this image, or to its group, is not 0.
  [[nodiscard]] bool moves(int64_t image) const;

  // The images as they are after the updates so far (N x C x H x W): runs the image's part alone.
  [[nodiscard]] HostTensor images();

 private:
  [[nodiscard]] ValueId append_transforms(Graph& graph) const;
  void append_update(Graph& graph) const;

  Config config_;  // whose structure the program has
  int64_t n_;
  Shape image_;
  ImagePart image_part_;
  std::unique_ptr<States> states_;
  std::unique_ptr<ObjectivePart> objective_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Program> image_program_;
  ValueId image_only_ = kNoValue;
};

}  // namespace phosphene
