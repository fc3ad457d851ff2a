#include "cli/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "runtime/error.h"
#include "runtime/stop.h"

extern char** environ;

namespace phosphene {
namespace {

std::atomic<pid_t> running{0};  // the child's id, and that of its group
static_assert(std::atomic<pid_t>::is_always_lock_free);

// This process's environment with $TMPDIR.
std::vector<std::string> environment_with(const std::string& temporary) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (const std::string text = *variable; !text.starts_with("TMPDIR=")) variables.push_back(text);
  variables.push_back("TMPDIR=" + temporary);
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A file in memory, which takes what a child prints, however much, without anybody who reads meanwhile.
class KeptText {
 public:
  explicit KeptText(std::string* text) : text_(text) {
    if (text == nullptr) return;
    descriptor_ = memfd_create("child", MFD_CLOEXEC);
    if (descriptor_ < 0) fail("a child's output", "cannot be kept ({})", std::strerror(errno));
  }
  KeptText(const KeptText&) = delete;
  KeptText& operator=(const KeptText&) = delete;
  ~KeptText() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  // As the child's `stream`.
  void give_as(int stream, posix_spawn_file_actions_t& actions) const {
    if (descriptor_ >= 0) posix_spawn_file_actions_adddup2(&actions, descriptor_, stream);
  }
  void take() const {
    if (text_ == nullptr) return;
    text_->clear();
    char part[4096];
    ssize_t bytes = 0;
    while ((bytes = pread(descriptor_, part, sizeof(part), static_cast<off_t>(text_->size()))) > 0)
      text_->append(part, static_cast<size_t>(bytes));
  }

 private:
  std::string* text_;
  int descriptor_ = -1;
};

// In a group of its own, so that all of it can be stopped, and only by us. SIGPIPE is ignored here and usual there.
int spawn(pid_t& child, const std::vector<std::string>& command, ChildOutput output, const std::string& temporary,
          const KeptText& out, const KeptText& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (output == ChildOutput::dropped)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  out.give_as(STDOUT_FILENO, actions);
  err.give_as(STDERR_FILENO, actions);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  const std::vector<char*> arguments = pointers_to(command);
  const std::vector<std::string> variables = environment_with(temporary);
  // The child is in the terminal's background, where writing can be forbidden (stty tostop): it inherits that it does not matter.
  const auto before = std::signal(SIGTTOU, SIG_IGN);
  const int fault = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(),
                                 temporary.empty() ? environ : pointers_to(variables).data());
  std::signal(SIGTTOU, before);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return fault;
}

// Whether it has ended, within `patience`. A child that cannot be waited for has.
bool ended(pid_t child, int& status, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kLook{10};
  for (std::chrono::milliseconds waited{0}; waited <= patience; waited += kLook) {
    const pid_t reached = waitpid(child, &status, WNOHANG);
    if (reached == child) return true;
    if (reached < 0 && errno != EINTR) {
      status = 127 << 8;  // as if it had said so
      return true;
    }
    std::this_thread::sleep_for(kLook);
  }
  return false;
}

void stop(pid_t child) {
  constexpr std::chrono::milliseconds kToTidyUp{500};
  int status = 0;
  kill(-child, SIGINT);
  const bool tidy = ended(child, status, kToTidyUp);
  kill(-child, SIGKILL);  // what it has started may not have listened
  while (!tidy && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

int run_child(const std::vector<std::string>& command, ChildOutput output, const std::string& temporary,
              ChildText text) {
  stop_if_requested();
  const KeptText out(text.out), err(text.err);
  pid_t child = 0;
  if (spawn(child, command, output, temporary, out, err) != 0) return 127;
  running = child;
  int status = 0;
  bool over = false;
  while (!over && !stop_flag) over = ended(child, status, std::chrono::milliseconds(20));
  if (!over) stop(child);
  running = 0;
  if (!over) throw Stopped();
  out.take();
  err.take();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void kill_child() noexcept {
  if (const pid_t child = running; child > 0) kill(-child, SIGKILL);
}

}  // namespace phosphene
