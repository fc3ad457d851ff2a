// The learned prior: the image is what a generator draws from a code, and the code is what gradient ascent changes.
#pragma once

#include <span>
#include <vector>

#include "experiment/config/config.h"
#include "kernels/philox.h"
#include "loaders/model/generator.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

class LearnedPrior {
 public:
  // Loads the config's generator for images of this shape (N C H W) and, where the config starts from a photograph, runs the model
  // on it. Throws for a generator that does not fit the image, and for a photograph that the model gives no code for.
  LearnedPrior(const Config& config, const Shape& image, const Model& model, Backend& backend);

  // The parameter: a vector at every position, channels_last.
  [[nodiscard]] TensorInfo code() const;

  ValueId append(Graph& graph, ValueId code) const;  // code -> planar image in [0, 1]
  void append_bounds(Graph& graph, ValueId code, ValueId stopped_at) const;

  // mean + sd * deviation * N(0, 1), or the photograph's code in place of the mean: one code for each key.
  [[nodiscard]] std::vector<float> start(std::span<const DrawKey> keys) const;

 private:
  void check_fit() const;
  [[nodiscard]] std::string encoder_layer(const Model& model) const;
  [[nodiscard]] std::vector<float> mean_code() const;
  [[nodiscard]] std::vector<float> photo_code(const Model& model, Backend& backend) const;
  [[noreturn]] void refuse(const char* place, const std::string& what) const;

  Config config_;
  Shape image_;
  Generator generator_;
  std::vector<float> centre_;  // of the starts: one code, as it lies in memory
};

}  // namespace phosphene
