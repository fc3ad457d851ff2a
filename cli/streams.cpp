#include "cli/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "cli/progress.h"
#include "runtime/error.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {

void prepare_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest that is free, and so this one. Only for reading: what is printed fails, as it should.
    if (open("/dev/null", O_RDONLY) < 0) _exit(2);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

void print_text(std::string_view unchecked) {
  StatusLine::of_process().clear();
  const std::string printed = printable_lines(unchecked);
  std::string_view text = printed;
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
      if (!text.empty()) stop_if_requested();  // a signal came while a full pipe made it wait
    } else if (errno == EINTR) {
      stop_if_requested();
    } else if (errno == EPIPE) {
      throw NobodyReads();
    } else {
      fail("standard output", "cannot be written ({})", std::strerror(errno));
    }
  }
}

void note(const std::string& line) {
  StatusLine::of_process().clear();
  write_to_stderr(printable(line, line.size()) + "\n");
}

void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR && !stop_flag) continue;
    if (written <= 0 || stop_flag) return;  // after that nothing may make it wait again
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace phosphene
