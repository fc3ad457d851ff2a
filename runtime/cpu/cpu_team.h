// The threads of a CPU backend, and what it shares with the teams beside it.
#pragma once

#include <memory>

#include "runtime/cpu/autotune.h"
#include "runtime/cpu/packed_weights.h"
#include "runtime/cpu/parallel.h"

namespace phosphene {

struct CpuTeam {
  Parallel parallel;
  std::shared_ptr<PackedWeights> packed;
  std::shared_ptr<Autotune> autotune;  // null: convolutions are chosen by rules
  // That autotuned problems are named by: the first backend's, so that all its teams compute them in one way, and a run that goes on
  // with other teams does too.
  int autotune_threads;
};

}  // namespace phosphene
