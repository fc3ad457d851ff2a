// One image of a batch: its place in its job's group, and what its random draws and its objective depend on.
#pragma once

#include <cstdint>

#include "kernels/parameters.h"

namespace phosphene {

struct Objective;  // experiment/objective/term.h

struct BatchImage {
  const Objective* objective = nullptr;  // of the image's job
  uint64_t seed = 0;
  int64_t image = 0;   // within the job's group
  int64_t images = 1;  // of the group

  [[nodiscard]] DrawKey key() const { return {seed, static_cast<uint64_t>(image)}; }
};

}  // namespace phosphene
