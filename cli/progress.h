// Progress, on stderr: one line that is rewritten where that is a terminal, a line every half minute where it is not.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "experiment/run/progress.h"

namespace phosphene {

// The one line of the process. Each draw cuts it to the width of the terminal. It is erased before anything else is printed
// (cli/streams.h), and at the program's end. It sends plain lines instead of escape sequences if stderr is no terminal, if $TERM is
// unset, empty or "dumb", or if $NO_COLOR is set to anything.
class StatusLine {
 public:
  static StatusLine& of_process();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { clear(); }

  [[nodiscard]] bool due() const { return Clock::now() >= next_; }
  // `end` stays when `text` has to be shortened.
  void show(const std::string& text, const std::string& end);
  // Says at once what is about to take a while. On a terminal only.
  void announce(const std::string& text);
  void clear();
  // The same for a signal handler.
  void clear_in_handler() const noexcept;

 private:
  StatusLine();

  using Clock = std::chrono::steady_clock;
  bool terminal_;
  std::atomic<bool> shown_ = false;  // is there a line to be overwritten?
  Clock::time_point next_;
};

// What a run or a search reports.
class TerminalProgress : public Progress {
 public:
  [[nodiscard]] bool due() override { return StatusLine::of_process().due(); }
  void on_status(const std::string& line, double eta_seconds) override;
  void on_message(const std::string& line) override;
};

// A loop of known length: how much of it is done, and how long the rest takes at the pace so far.
class LoopProgress {
 public:
  // "12/20 steps": `what` are the steps.
  LoopProgress(std::string what, int64_t all) : what_(std::move(what)), all_(all) {}
  void done(int64_t count, const std::string& detail = "") const;

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  int64_t all_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace phosphene
