// What batches under way have made so far: RUN/checkpoints/NAME.safetensors for each of their jobs, from which whoever takes the job goes
// on with the same bytes. Of a job's states nothing depends on the batch that it was in.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiment/step/step_program.h"

namespace phosphene {

// Where a job stands: steps that are done of a phase.
struct Standing {
  int64_t phase = 0, step = 0;

  auto operator<=>(const Standing&) const = default;
};

struct JobState {
  Standing standing;
  std::vector<std::vector<float>> curves;  // by image: the objective of each step of the phases before
  StateBytes states;                       // of the phase's program: StepProgram::read_group
};

class Checkpoints {
 public:
  // `folder`: of the run. `backend`: its kind; what another one began is not continued, because it rounds otherwise.
  Checkpoints(const std::string& folder, std::string backend);

  void write(const std::string& name, const JobState& state) const;
  // Where the jobs stand that have a checkpoint of this version and kind of backend.
  [[nodiscard]] std::map<std::string, Standing> list() const;
  // None where there is no such checkpoint, or a damaged one: then the job starts over.
  [[nodiscard]] std::optional<JobState> read(const std::string& name) const;
  void remove(const std::string& name) const;
  // Removes what killed processes have left half written, and the folder where nothing stays.
  void sweep() const;

 private:
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::string file(const std::string& name) const;

  std::string folder_, backend_;
};

}  // namespace phosphene
