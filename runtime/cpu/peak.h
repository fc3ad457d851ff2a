// This machine's peak speeds: the yardstick of `phosphene bench`.
#pragma once

#include "runtime/backend.h"

namespace phosphene {

// On `threads` threads (0: one per core), the best of several, because a peak is what nothing disturbed: 2048 x 2048 x 2048 matrix
// products by oneDNN of factors in `storage`, and copies of 64 MB. About half a second on two cores.
Peaks measure_cpu_peaks(int threads, DType storage);

}  // namespace phosphene
