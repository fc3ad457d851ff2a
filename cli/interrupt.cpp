#include "cli/interrupt.h"

#include <unistd.h>

#include <csignal>

namespace phosphene {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may touch nothing that locks");

void on_signal(int /*signal*/) {
  if (stop_requested.exchange(true)) _exit(kInterruptedExitCode);
}

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

}  // namespace phosphene
