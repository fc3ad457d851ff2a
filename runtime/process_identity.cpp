#include "runtime/process_identity.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace phosphene {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string own_space() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  std::error_code error;
  return boot + " " + std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
}

// Field 22 of /proc/PID/stat (proc(5)), counted from behind the program's name, which may hold spaces and brackets; 0 where it cannot be
// read. A zombie has ended.
uint64_t start_of(int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return 0;
  constexpr int kStartField = 22, kStateField = 3;
  for (int at = kStateField; at < kStartField; ++at) fields >> field;
  uint64_t started = 0;
  std::istringstream(field) >> started;
  return started;
}

}  // namespace

ProcessIdentity this_process() { return {host_name(), own_space(), getpid(), start_of(getpid())}; }

Liveness liveness(const ProcessIdentity& process) {
  if (process.space != own_space()) return Liveness::unknown;
  if (process.pid <= 0 || (kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH)) return Liveness::dead;
  return start_of(process.pid) == process.started ? Liveness::alive : Liveness::dead;
}

}  // namespace phosphene
