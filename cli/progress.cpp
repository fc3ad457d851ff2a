#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "cli/standard_error.h"

namespace phosphene {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{30};

std::string duration(double seconds) {
  if (seconds < 0) return "?";
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

}  // namespace

StatusLine::StatusLine() : terminal_(isatty(STDERR_FILENO) != 0), next_(Clock::now()) {
  if (!terminal_) next_ += kPlainLine;
}

void StatusLine::show(const std::string& line) {
  next_ = Clock::now() + (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine));
  write_to_stderr(fmt::format("{}{}{}", terminal_ ? "\r\033[K" : "", line, terminal_ ? "" : "\n"));
  shown_ = terminal_;
}

void StatusLine::message(const std::string& line) {
  clear();
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void StatusLine::clear() {
  if (shown_) write_to_stderr("\r\033[K");
  shown_ = false;
}

void TerminalProgress::on_status(const std::string& line, double eta_seconds) {
  line_.show(fmt::format("{}  {} left", line, duration(eta_seconds)));
}

}  // namespace phosphene
