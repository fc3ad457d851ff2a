// The graph of one optimisation step: parameters -> image -> warp -> network -> objective -> and back to the optimiser.
// Which unit, vector and random key each image has is data, written to the states when a batch starts.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiment/config/settings.h"
#include "experiment/image/image.h"
#include "experiment/objective/objective.h"
#include "loaders/model/model.h"
#include "runtime/program.h"

namespace phosphene {

// The names of the states of a step, beside those of the image's parameters (experiment/image/image.h).
inline constexpr const char* kStepState = "step";
inline constexpr const char* kStoppedAtState = "stopped_at";
inline constexpr const char* kHistoryState = "history";
inline constexpr const char* kKeysState = "draw keys";

// States of a step by name.
using StateBytes = std::map<std::string, std::vector<std::byte>>;

// What a phase leaves to the next.
struct PhaseEnd {
  StateBytes states;
  HostTensor pictures;  // N x C x H x W in [0, 1]
};

// A whole program for n images of one structure, its states, and what writes them.
class StepProgram {
 public:
  // Plans without allocating anything of the images' size. Throws OutOfMemory if too little is available.
  StepProgram(const Model& model, const Settings& settings, int64_t n, Backend& backend);

  // Bytes that take_memory() takes and a step touches; and those that showing the images takes beside it, here and on the host.
  [[nodiscard]] int64_t bytes_to_take() const { return program_->bytes_to_take() + states_->bytes_to_take(); }
  [[nodiscard]] int64_t bytes_to_show() const { return image_program_->bytes_to_take() + shown().bytes(); }
  // Throws OutOfMemory before it would take more than is available. start() calls it if nobody has.
  void take_memory();

  // Starts `images` (as many as n; filled up by repeating the last group): tables, keys, start of the parameters, moments,
  // stopped_at, history and step. `before`: of the phase before, where the settings take something over from it.
  void start(const std::vector<BatchImage>& images, const PhaseEnd* before = nullptr);
  // Whether `group` has all that read_group gives, each as long.
  [[nodiscard]] bool can_resume(const StateBytes& group) const;
  // Starts them where others were left: `groups` as read_group gave them, for each group of the images.
  void resume(const std::vector<BatchImage>& images, const std::vector<StateBytes>& groups);
  // What the steps so far have made of a group's images (of the images that the config wants of one job): all that a step reads of them
  // but what follows from the settings.
  [[nodiscard]] StateBytes read_group(int64_t group) const;
  [[nodiscard]] PhaseEnd end();
  void step() { program_->run(); }

  [[nodiscard]] Program& program() { return *program_; }
  [[nodiscard]] const Program& program() const { return *program_; }
  [[nodiscard]] States& states() { return *states_; }
  [[nodiscard]] int64_t batch() const { return n_; }
  // Of the images as they are shown: of a transparent one alpha is the last channel.
  [[nodiscard]] const Shape& image_shape() const { return shown().shape; }
  [[nodiscard]] const std::vector<ImageParameter>& parameters() const { return image_part_.parameters(); }
  // The first of them, of all images: of the Fourier parameterization the spectra (layers/image/fourier_image.h).
  [[nodiscard]] HostTensor first_parameter() const;
  // The optimiser's first moments of all parameters: after the first step, the gradients times what the optimiser takes
  // of them.
  [[nodiscard]] std::vector<float> first_moments() const;

  // The images as they are shown after the updates so far (N x C x H x W): runs the image's part alone.
  [[nodiscard]] HostTensor images();
  // The same on its way to the host while steps go on, as float32; only one at a time.
  [[nodiscard]] std::unique_ptr<Transfer> start_images();

  // What is seen of a step, by image of the batch.
  struct Look {
    std::vector<std::string> overflows;  // a sentence, or ""
    std::vector<bool> silent;            // the objective's gradient at the network's input is exactly zero
  };
  // A step as step() makes it, looked at. `overflows`: whether each layer's sums of products are looked at too. Slower than a step.
  Look look(bool overflows);
  // Whether the image, as it is now, is silent under the draws of the step before, and of those before that: of at most so many steps.
  // Changes nothing.
  [[nodiscard]] bool silent_lately(size_t image, int64_t steps);
  // Whether all parameters that belong to this image, or to its group, are finite.
  [[nodiscard]] bool finite(int64_t image) const;

  // The layer that wrote the first value of the batch's image that is not finite, when `step` is run again; "" if none is.
  // Changes nothing: an image that was stopped still has the parameter of that step.
  [[nodiscard]] std::string first_not_finite(size_t image, int64_t step);

 private:
  [[nodiscard]] const TensorInfo& shown() const { return image_program_->graph().info(image_only_); }
  [[nodiscard]] ValueId append_seen(Graph& graph, const ImageValues& image) const;
  [[nodiscard]] ValueId append_transforms(Graph& graph) const;
  [[nodiscard]] ValueId append_noise(Graph& graph, ValueId view, const std::vector<float>& scale) const;
  void append_update(Graph& graph, ValueId input);
  [[nodiscard]] std::vector<bool> silent_images(const std::vector<float>& gradient) const;
  std::vector<BatchImage> write_tables(const std::vector<BatchImage>& some);
  void start_image(const std::vector<BatchImage>& images, const PhaseEnd* before);
  [[nodiscard]] std::vector<std::string> made_states() const;
  [[nodiscard]] int64_t rows_of(const std::string& state) const;
  [[nodiscard]] int64_t groups_in(const std::string& state) const;
  [[nodiscard]] std::vector<std::string> ascent_states() const;
  void copy(const std::vector<std::string>& names, const PhaseEnd& before);

  Settings settings_;  // whose structure the program has
  int64_t n_;
  Shape image_;
  ImagePart image_part_;
  std::unique_ptr<States> states_;
  std::unique_ptr<ObjectivePart> objective_;
  std::unique_ptr<Program> program_;
  std::unique_ptr<Program> image_program_;
  ValueId image_only_ = kNoValue;
  ValueId input_gradient_ = kNoValue;               // with respect to what the warp gives the network
  std::map<std::string, std::string> photographs_;  // files by state, until they are written
  bool has_memory_ = false;
};

}  // namespace phosphene
