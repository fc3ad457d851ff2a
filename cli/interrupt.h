// Ctrl-C, SIGTERM and SIGHUP. The first asks whatever goes on to stop (runtime/stop.h), which takes less than a second; the second ends
// the program at once. Neither leaves a half-written or a temporary file.
#pragma once

#include <atomic>

namespace phosphene {

// From here on. SIGHUP stays ignored where it is (nohup). A signal that comes twice within a fifth of a second counts once: `timeout`
// sends its own to a program and to its group. Returns the flag that they set, stop_flag.
const std::atomic<bool>& catch_interrupts();

// 128 and the number of the signal that came first, as a shell reports it: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. 0 if none
// came.
int interrupted_exit_code();

}  // namespace phosphene
