// What this machine can do at best: the yardstick of `phosphene bench`.
#pragma once

namespace phosphene {

// GFLOP/s of the best of several 2048 x 2048 x 2048 float32 matrix products by oneDNN on `threads` threads (0: one per
// core): about a third of a second on two cores. The best, because a peak is what nothing disturbed.
double measure_sgemm_peak(int threads = 0);

}  // namespace phosphene
