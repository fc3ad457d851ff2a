#include "cli/streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "cli/progress.h"
#include "runtime/error.h"

namespace phosphene {

void prepare_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest that is free, and so this one. Only for reading: what is printed fails, as it should.
    if (open("/dev/null", O_RDONLY) < 0) _exit(2);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
}

void print_text(std::string_view text) {
  StatusLine::of_process().clear();
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw NobodyReads();
  fail("standard output", "cannot be written ({})", std::strerror(errno));
}

void note(const std::string& line) {
  StatusLine::of_process().clear();
  write_to_stderr(line + "\n");
}

// Past stdio, which keeps what could not be written and tries again.
void write_to_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace phosphene
