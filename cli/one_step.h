// One optimisation step of one channel: what `bench` times and `inspect --explain` shows.
#pragma once

#include <memory>
#include <string>

#include "experiment/config.h"
#include "experiment/step_graph.h"
#include "loaders/model.h"
#include "runtime/device_choice.h"

namespace phosphene {

struct ChannelStepOptions {
  std::string layer;  // empty: the deepest layer that still has a map
  int64_t size = 0;   // 0: what the model was trained at
  int64_t batch = 1;
  std::string precision = "f32";
  DeviceOptions device = {};
};

// A config that draws channel 0 of the layer; everything but layer, size, batch and precision is a config's default.
Config channel_config(const Model& model, const ChannelStepOptions& options);

class ChannelStep {
 public:
  ChannelStep(const Model& model, const ChannelStepOptions& options);
  // The same, planned on a given backend.
  ChannelStep(const Model& model, const ChannelStepOptions& options, std::unique_ptr<Backend> backend);

  [[nodiscard]] StepProgram& step() { return *step_; }
  [[nodiscard]] const Program& program() const { return step_->program(); }
  [[nodiscard]] const std::string& layer() const { return layer_; }
  [[nodiscard]] int64_t size() const { return config_.height; }
  [[nodiscard]] Peaks measure_peaks() { return backend_->measure_peaks(config_.precision); }
  void wait() { backend_->wait(); }  // until the steps asked for are done
  [[nodiscard]] std::string backend() const { return backend_->description(); }

 private:
  std::string layer_;
  Config config_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<StepProgram> step_;
};

}  // namespace phosphene
