// Progress on a terminal: one line that is rewritten where stderr is one; a line every half minute where it is not.
#pragma once

#include <chrono>
#include <string>

#include "experiment/run/progress.h"

namespace phosphene {

class StatusLine {
 public:
  StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  ~StatusLine() { clear(); }

  [[nodiscard]] bool due() const { return Clock::now() >= next_; }
  void show(const std::string& line);
  // A line that stays, on stdout.
  void message(const std::string& line);

 private:
  void clear();

  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool shown_ = false;  // is there a line to be overwritten?
  Clock::time_point next_;
};

class TerminalProgress final : public Progress {
 public:
  [[nodiscard]] bool due() override { return line_.due(); }
  void on_status(const std::string& line, double eta_seconds) override;
  void on_message(const std::string& line) override { line_.message(line); }

 private:
  StatusLine line_;
};

}  // namespace phosphene
