// The least that a GPU must do for one optimisation step.
#pragma once

#include "cli/one_step.h"

namespace phosphene {

// Plans a step as for a GPU (runtime/dry_run_backend.h) and prints, for each kind of op, calls, bytes and FLOPs, and below them the
// time that GPUs need by their published bandwidth and arithmetic: per op the longer of the two, added up.
void print_roofline(const OneStepSubject& subject, bool tf32);

}  // namespace phosphene
