// A request to stop what is going on, from a signal handler to whatever loop runs: planning, a network, a file. Loops that may take
// longer than a part of a second ask for it.
#pragma once

#include <atomic>
#include <exception>

namespace phosphene {

// Thrown where a request to stop is obeyed. Nobody catches it to go on: destructors take back what is half done (NewFile), runs and
// searches keep what they have finished.
class Stopped final : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "stopped"; }
};

// One for the process. The module of the CUDA backend has a copy that is never set: its loops are those of its callers.
inline std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it, and may touch nothing that locks");

// While one exists this thread goes on: for what is short and better finished. The request stays.
class StopLater {
 public:
  StopLater() : before_(wanted_) { wanted_ = true; }
  StopLater(const StopLater&) = delete;
  StopLater& operator=(const StopLater&) = delete;
  ~StopLater() { wanted_ = before_; }

  [[nodiscard]] static bool wanted() { return wanted_; }

 private:
  static inline thread_local bool wanted_ = false;
  bool before_;
};

inline void stop_if_requested() {
  if (stop_flag.load(std::memory_order_relaxed) && !StopLater::wanted()) throw Stopped();
}

}  // namespace phosphene
