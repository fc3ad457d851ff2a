// An image of a run: which job's, and which of the job's.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/jobs.h"

namespace phosphene {

struct RunImage {
  const Job* job = nullptr;  // outlives this
  int64_t image = 0;         // within the job

  [[nodiscard]] const Config& config() const { return job->config; }
  [[nodiscard]] const std::string& name() const { return job->names[static_cast<size_t>(image)]; }
};

// The images as a phase's program takes them.
inline std::vector<BatchImage> in_phase(const std::vector<RunImage>& images, size_t phase) {
  std::vector<BatchImage> batch;
  for (const RunImage& one : images) batch.push_back(batch_image(one.config().phase(phase), one.image));
  return batch;
}

}  // namespace phosphene
