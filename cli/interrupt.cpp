#include "cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "cli/child_process.h"
#include "cli/progress.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr int kKilledBySignal = 128;
constexpr int64_t kSameRequest = 200'000'000;  // nanoseconds

std::atomic<int> first_signal{0};
std::atomic<int64_t> first_time{0};
const StatusLine* status_line = nullptr;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free);

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void on_signal(int signal) {
  const int before = errno;
  int none = 0;
  if (first_signal.compare_exchange_strong(none, signal)) {
    first_time = now();
    stop_flag = true;
  } else if (signal != first_signal || now() - first_time > kSameRequest) {
    kill_child();
    remove_temporaries();
    status_line->clear_in_handler();
    _exit(kKilledBySignal + signal);
  }
  errno = before;
}

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  status_line = &StatusLine::of_process();
  struct sigaction action = {}, before = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  return stop_flag;
}

int interrupted_exit_code() {
  const int signal = first_signal;
  return signal == 0 ? 0 : kKilledBySignal + signal;
}

}  // namespace phosphene
