#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "cli/columns.h"
#include "cli/streams.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{30};
constexpr const char* kClear = "\r\033[K";

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Whether stderr understands escape sequences, and the user wants them.
bool takes_escapes() {
  const std::string_view terminal = environment("TERM");
  return isatty(STDERR_FILENO) != 0 && !terminal.empty() && terminal != "dumb" && environment("NO_COLOR").empty();
}

// The terminal's now: it may have been resized.
size_t width() {
  constexpr size_t kUsual = 80;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const std::string_view columns = environment("COLUMNS");
  size_t number = 0;
  const auto [end, error] = std::from_chars(columns.data(), columns.data() + columns.size(), number);
  return error == std::errc{} && number > 0 ? number : kUsual;
}

// As the C library decides it: the first of these that is set.
bool is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = environment(name);
    if (locale.empty()) continue;
    return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos ||
           locale.find("UTF8") != std::string_view::npos || locale.find("utf-8") != std::string_view::npos;
  }
  return false;
}

// `text` and `end` in `columns`: of `text` as much as there is room for, and of `end` only where that leaves some.
std::string fitted(const std::string& text, const std::string& end, size_t columns) {
  constexpr size_t kLeast = 8;  // of `text`, with its ellipsis
  const std::string_view ellipsis = is_utf8() ? "…" : "...";
  const size_t taken = columns_of(end);
  if (columns_of(text) + taken <= columns) return text + end;
  if (columns < taken + kLeast) return shortened(text, columns, ellipsis);
  return shortened(text, columns - taken, ellipsis) + end;
}

std::string duration(double seconds) {
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole / 60 % 60);
}

std::string time_left(double seconds) { return seconds < 0 ? "" : fmt::format("  {} left", duration(seconds)); }

}  // namespace

StatusLine& StatusLine::of_process() {
  static StatusLine line;
  return line;
}

StatusLine::StatusLine() : terminal_(takes_escapes()), next_(Clock::now()) {
  next_ += terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine);
}

void StatusLine::show(const std::string& unchecked, const std::string& end) {
  const std::string text = printable(unchecked, unchecked.size());
  next_ = Clock::now() + (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine));
  if (!terminal_) return write_to_stderr(text + end + "\n");
  // The last column stays free, as a character there makes some terminals wrap; and two for the ^C that a terminal shows by itself.
  constexpr size_t kFree = 3;
  write_to_stderr(kClear + fitted(text, end, width() - std::min(width(), kFree)));
  shown_ = true;
}

void StatusLine::announce(const std::string& text) {
  if (terminal_) show(text, "");
}

void StatusLine::clear() {
  if (shown_.exchange(false)) write_to_stderr(kClear);
}

void StatusLine::clear_in_handler() const noexcept {
  const int before = errno;
  if (shown_ && ::write(STDERR_FILENO, kClear, std::strlen(kClear)) < 0) errno = before;
}

void TerminalProgress::on_status(const std::string& line, double eta_seconds) {
  StatusLine::of_process().show(line, time_left(eta_seconds));
}

void TerminalProgress::on_message(const std::string& line) { note(line); }

void LoopProgress::done(int64_t count, const std::string& detail) const {
  StatusLine& line = StatusLine::of_process();
  if (!line.due()) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double left = count > 0 ? seconds / static_cast<double>(count) * static_cast<double>(all_ - count) : -1;
  line.show(fmt::format("{}/{} {}{}{}", count, all_, what_, detail.empty() ? "" : "  ", detail), time_left(left));
}

}  // namespace phosphene
