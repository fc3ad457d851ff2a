// The progress of a run on a terminal.
#pragma once

#include <chrono>
#include <string>

#include "experiment/run.h"

namespace phosphene {

// One line that is rewritten where stderr is a terminal; a line every half minute where it is not.
class TerminalProgress final : public Progress {
 public:
  TerminalProgress();
  ~TerminalProgress() override { clear(); }

  [[nodiscard]] bool due() override { return Clock::now() >= next_; }
  void on_step(const std::string& name, int64_t images_done, int64_t images, int64_t step, int64_t steps,
               double objective, double eta_seconds) override;
  void on_message(const std::string& line) override;

 private:
  void clear();

  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool shown_ = false;  // is there a line to be overwritten?
  Clock::time_point next_;
};

}  // namespace phosphene
