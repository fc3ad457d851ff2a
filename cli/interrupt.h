// Ctrl-C: the first asks the run to stop after the step it is in, the second ends the program at once.
#pragma once

#include <atomic>

namespace phosphene {

inline constexpr int kInterruptedExitCode = 130;  // 128 + SIGINT, as a shell reports it

// Catches SIGINT and SIGTERM from here on, and returns the flag that they set.
const std::atomic<bool>& catch_interrupts();

}  // namespace phosphene
