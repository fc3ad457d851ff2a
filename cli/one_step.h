// One optimisation step of a channel or of an experiment: what `bench` times, `check` compares, and `inspect` explains.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/step/step_program.h"
#include "loaders/model/model.h"
#include "runtime/device_choice.h"
#include "runtime/error.h"

namespace phosphene {

inline constexpr double kMegabyte = 1e-6;  // MB in a byte

struct OneStepOptions {
  std::string subject;    // a model, of which a channel is drawn, or an experiment's .json: its first job's first phase
  std::string layer;      // of a model; empty: the deepest layer that still has a map
  int64_t size = 0;       // 0: the experiment's, or what the model was trained at
  int64_t batch = 0;      // 0: the images of the experiment, or 1
  std::string precision;  // "": the experiment's, or f32
  DeviceOptions device = {};
};

bool is_experiment(const std::string& subject);

// The subject, and one option for each of the others.
void add_one_step_options(CLI::App& command, OneStepOptions& options);

Model model_of(const OneStepOptions& options);

// The step before it is planned: whose, and of what.
struct OneStepSubject {
  Model model;
  Config config;
  std::vector<BatchImage> images;  // that point to the config
  Shape image;

  explicit OneStepSubject(const OneStepOptions& options);
  OneStepSubject(const OneStepSubject&) = delete;
  OneStepSubject& operator=(const OneStepSubject&) = delete;

  // The result of `call`. An error about the objective of a model's layer is about --layer, which is all that the user gave.
  template <class Call>
  decltype(auto) placed(Call&& call) const {
    try {
      return call();
    } catch (const Error& error) {
      const bool of_objective = !error.places().empty() && error.places().front().starts_with("/objective/");
      if (!of_objective || !config.file.empty()) throw;
      throw Error(error.blame(), "--layer", error.within());
    }
  }

  // "channel conv2:0", or the experiment's file; and how large.
  [[nodiscard]] std::string description() const;
};

// The most memory that a process will have (MemoryUse::peak).
struct PredictedMemory {
  int64_t step = 0;  // of one that takes steps
  int64_t run = 0;   // of one that shows the images, too
};

class OneStep {
 public:
  // Plans, and takes no memory of the images' size; step().start() does.
  OneStep(const OneStepSubject& subject, std::unique_ptr<Backend> backend);

  [[nodiscard]] StepProgram& step() { return *step_; }
  [[nodiscard]] const Program& program() const { return step_->program(); }
  [[nodiscard]] const PredictedMemory& predicted_memory() const { return predicted_memory_; }
  [[nodiscard]] MemoryUse memory() const { return backend_->memory(); }
  [[nodiscard]] Peaks measure_peaks() { return backend_->measure_peaks(precision_); }
  void wait() { backend_->wait(); }  // until the steps asked for are done
  [[nodiscard]] std::string backend() const { return backend_->description(); }

 private:
  DType precision_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<StepProgram> step_;
  PredictedMemory predicted_memory_;
};

}  // namespace phosphene
