// One image of a batch: its config, its place in the config's group, and what its random draws depend on.
#pragma once

#include "experiment/config/config.h"
#include "kernels/parameters.h"

namespace phosphene {

struct BatchImage {
  const Config* config = nullptr;
  int64_t image = 0;  // within the job
  uint32_t job = 0;

  [[nodiscard]] DrawKey key() const { return {config->seed, job, static_cast<uint32_t>(image)}; }
};

}  // namespace phosphene
