#include "runtime/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// The temporary files that exist, where a signal handler can read them. More at once than there is room for are not listed.
struct TemporaryName {
  enum State : int { free, taken, listed };
  std::atomic<State> state{free};
  std::array<char, 4096> path{};
};
std::array<TemporaryName, 16> temporary_names;
static_assert(std::atomic<TemporaryName::State>::is_always_lock_free);

// The slot it is listed in; the number of slots where there is no room.
size_t list_temporary(const std::string& path) {
  for (size_t slot = 0; slot < temporary_names.size() && path.size() < temporary_names[slot].path.size(); ++slot) {
    TemporaryName& name = temporary_names[slot];
    auto expected = TemporaryName::free;
    if (!name.state.compare_exchange_strong(expected, TemporaryName::taken)) continue;
    std::memcpy(name.path.data(), path.c_str(), path.size() + 1);
    name.state = TemporaryName::listed;
    return slot;
  }
  return temporary_names.size();
}

void forget_temporary(size_t slot) {
  if (slot < temporary_names.size()) temporary_names[slot].state = TemporaryName::free;
}

constexpr mode_t kPermissions = 0777;
constexpr mode_t kNewFile = 0666;  // less the umask

// The call again, as often as a signal interrupts it. It may wait for ever, as for a pipe that nobody reads: then the signal may be a
// request to stop.
template <class Call>
auto restarted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) {
    stop_if_requested();
    result = call();
  }
  return result;
}

// 0, or the fault. A file system that cannot flush says EINVAL, as for a pipe; then there is nothing to wait for.
int flush(int descriptor) {
  return restarted([&] { return fsync(descriptor); }) == 0 || errno == EINVAL ? 0 : errno;
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// A rename is in its folder's data. A folder that may be written but not read cannot be opened: then the system decides when.
int flush_folder(const std::string& path) {
  const int folder = restarted([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder < 0) return errno == EACCES ? 0 : errno;
  const int fault = flush(folder);
  close(folder);
  return fault;
}

int write_all(int descriptor, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = restarted([&] { return ::write(descriptor, data, bytes); });
    if (written < 0) return errno;
    if (static_cast<size_t>(written) < bytes) stop_if_requested();  // a signal came while a full pipe made it wait
    data += written;
    bytes -= static_cast<size_t>(written);
  }
  return 0;
}

// The folder of `path` with links resolved; "" if it does not exist.
std::string real_folder(const std::string& path) {
  std::error_code error;
  return fs::canonical(folder_of(path), error).string();
}

// 1 for /dev/stdout, /dev/fd/1 and /proc/self/fd/1: a descriptor of this process.
std::optional<int> own_descriptor(const std::string& path) {
  if (real_folder(path) != fmt::format("/proc/{}/fd", getpid())) return std::nullopt;
  const std::string name = fs::path(path).filename().string();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

// The links of /proc are open files, whatever path they show: following them by that path would miss or replace them.
bool in_proc(const std::string& path) { return (real_folder(path) + "/").starts_with("/proc/"); }

const char* refusal_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISBLK(mode)) return "it is a block device";
  if (S_ISSOCK(mode)) return "it is a socket";
  return nullptr;
}

// Where `path` leads when its links are followed, the last of which may dangle; a link of /proc is kept as it is.
std::string follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as in the kernel
  fs::path reached = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(reached, error)) || in_proc(reached.string())) return reached.string();
    const fs::path target = fs::read_symlink(reached, error);
    if (error) fail(path, "cannot be written ({})", error.message());
    reached = reached.parent_path() / target;  // `target` alone if it is absolute
  }
  fail(path, "cannot be written ({})", std::strerror(ELOOP));
}

// Where that is permitted: only root gives files away, and not every file system has modes.
void keep_owner_and_mode(int descriptor, const struct stat& before) {
  [[maybe_unused]] const bool owned =
      fchown(descriptor, before.st_uid, before.st_gid) == 0;  // first: it may reset the mode
  [[maybe_unused]] const bool set = fchmod(descriptor, before.st_mode & kPermissions) == 0;
}

// A temporary file is called ".PID-ATTEMPT.part".
std::string temporary_name(pid_t process, int attempt) { return fmt::format(".{}-{}.part", process, attempt); }

// The process that made a file of such a name; none for other names.
std::optional<pid_t> writer_of(const std::string& name) {
  if (name.size() < 2 || name[0] != '.') return std::nullopt;
  char* end = nullptr;
  const int64_t process = std::strtoll(name.c_str() + 1, &end, 10);
  if (process <= 0 || process > std::numeric_limits<pid_t>::max() || *end != '-') return std::nullopt;
  const int64_t attempt = std::strtoll(end + 1, &end, 10);
  if (attempt < 0 || attempt > std::numeric_limits<int>::max()) return std::nullopt;
  const auto writer = static_cast<pid_t>(process);
  if (name != temporary_name(writer, static_cast<int>(attempt))) return std::nullopt;
  return writer;
}

bool is_running(pid_t process) { return kill(process, 0) == 0 || errno == EPERM; }

}  // namespace

NewFile::NewFile(const std::string& path) : path_(path) {
  if (path.empty()) fail("", "a file without a name cannot be written");
  const std::string reached = follow_links(path);
  struct stat there {};
  const bool exists = stat(reached.c_str(), &there) == 0;
  if (exists && refusal_of(there.st_mode) != nullptr) fail(path_, "cannot be written: {}", refusal_of(there.st_mode));
  if (in_proc(reached) || (exists && !S_ISREG(there.st_mode))) {
    open_stream(reached);
    return;
  }
  if (exists && access(reached.c_str(), W_OK) != 0) fail_with(errno);
  target_ = reached;
  open_temporary();
  if (exists) keep_owner_and_mode(descriptor_, there);
}

void NewFile::open_stream(const std::string& path) {
  // A descriptor of ours is shared with what else we write there, so that neither overwrites the other.
  if (const std::optional<int> own = own_descriptor(path))
    descriptor_ = fcntl(*own, F_DUPFD_CLOEXEC, 0);
  else
    descriptor_ = restarted([&] { return open(path.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC); });
  if (descriptor_ < 0) fail_with(errno);
}

// Under a name of its own: another process may have our id, on another machine or in another container.
void NewFile::open_temporary() {
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts && descriptor_ < 0; ++attempt) {
    const std::string name = folder_of(target_) + "/" + temporary_name(getpid(), attempt);
    descriptor_ = restarted([&] { return open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFile); });
    if (descriptor_ >= 0)
      temporary_ = name;
    else if (errno != EEXIST)
      break;
    if (descriptor_ >= 0) slot_ = list_temporary(name);
  }
  if (descriptor_ < 0) fail_with(errno);
  // Held until it is closed: another machine or container, which does not know our process, sees that the file is being written.
  static_cast<void>(flock(descriptor_, LOCK_EX | LOCK_NB));
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (temporary_.empty()) return;
  unlink(temporary_.c_str());
  forget_temporary(slot_);
}

void NewFile::fail_with(int fault) const { fail(path_, "cannot be written ({})", std::strerror(fault)); }

void NewFile::write(std::span<const std::byte> bytes) {
  const int fault = write_all(descriptor_, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (fault != 0) fail_with(fault);
}

void NewFile::flush_contents() const {
  if (const int fault = flush(descriptor_); fault != 0) fail_with(fault);
}

// The temporary name is gone.
void NewFile::finish_rename() {
  temporary_.clear();
  forget_temporary(slot_);
  close(std::exchange(descriptor_, -1));  // only now, because its lock goes with it; it has been flushed
  if (const int fault = flush_folder(folder_of(target_)); fault != 0) fail_with(fault);
}

void NewFile::commit() {
  if (target_.empty()) {
    if (close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail_with(errno);
    return;
  }
  flush_contents();
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with(errno);
  finish_rename();
}

bool NewFile::commit_new() {
  if (target_.empty()) fail(path_, "is a stream, and a new file was to be made");
  flush_contents();
  if (link(temporary_.c_str(), target_.c_str()) == 0) {
    unlink(temporary_.c_str());
    finish_rename();
    return true;
  }
  if (errno == EEXIST) return false;
  // No links here. Some file systems can rename without replacing.
  if (renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return false;
    if (errno != EINVAL && errno != ENOSYS) fail_with(errno);
    if (access(target_.c_str(), F_OK) == 0) return false;
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with(errno);
  }
  finish_rename();
  return true;
}

void remove_temporaries() noexcept {
  for (const TemporaryName& name : temporary_names)
    if (name.state == TemporaryName::listed) unlink(name.path.data());
}

void write_file(const std::string& path, std::string_view contents) {
  NewFile file(path);
  file.write(std::as_bytes(std::span(contents)));
  file.commit();
}

bool write_new_file(const std::string& path, std::string_view contents) {
  NewFile file(path);
  file.write(std::as_bytes(std::span(contents)));
  return file.commit_new();
}

std::optional<bool> NewFile::link_unflushed() {
  const bool linked = link(temporary_.c_str(), target_.c_str()) == 0;
  return linked || errno == EEXIST ? std::optional(linked) : std::nullopt;
}

namespace {

// Where there are no links: one that is killed meanwhile leaves it without its contents.
Created create_in_place(const std::string& path, std::string_view contents) {
  const int file =
      restarted([&] { return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, kNewFile); });
  if (file < 0 && errno == EEXIST) return Created::exists;
  if (file < 0 && errno == ENOENT) return Created::no_folder;
  if (file < 0) fail(path, "cannot be written ({})", std::strerror(errno));
  int fault = write_all(file, contents.data(), contents.size());
  if (close(file) != 0 && fault == 0 && errno != EINTR) fault = errno;
  if (fault == 0) return Created::yes;
  unlink(path.c_str());
  fail(path, "cannot be written ({})", std::strerror(fault));
}

bool is_there(const std::string& path) { return faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

}  // namespace

Created create_file(const std::string& path, std::string_view contents) {
  if (is_there(path)) return Created::exists;
  try {
    NewFile whole(path);
    whole.write(std::as_bytes(std::span(contents)));
    if (const std::optional<bool> linked = whole.link_unflushed()) return *linked ? Created::yes : Created::exists;
  } catch (const Error&) {
    if (is_there(folder_of(path))) throw;
    return Created::no_folder;
  }
  return create_in_place(path, contents);
}

bool file_ends_with(const std::string& path, std::string_view ending) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file < 0) return false;
  std::string last(ending.size(), '\0');
  const off_t size = lseek(file, 0, SEEK_END);
  const bool read = size >= static_cast<off_t>(last.size()) &&
                    pread(file, last.data(), last.size(), size - static_cast<off_t>(last.size())) ==
                        static_cast<ssize_t>(last.size());
  close(file);
  return read && last == ending;
}

void append_to_file(const std::string& path, std::string_view text) {
  const int file =
      restarted([&] { return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, kNewFile); });
  if (file < 0) fail(path, "cannot be written ({})", std::strerror(errno));
  int fault = write_all(file, text.data(), text.size());
  if (close(file) != 0 && fault == 0 && errno != EINTR) fault = errno;
  if (fault != 0) fail(path, "cannot be written ({})", std::strerror(fault));
}

void remove_leftovers(const std::string& folder) {
  std::error_code error;
  const fs::path where = folder.empty() ? "." : folder;
  for (fs::directory_iterator entry(where, error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<pid_t> writer = writer_of(entry->path().filename().string());
    if (!writer || is_running(*writer)) continue;
    const int file = open(entry->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) continue;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) unlink(entry->path().c_str());
    close(file);
  }
}

bool is_temporary_name(const std::string& name) { return writer_of(name).has_value(); }

void make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(path, "cannot be made ({})", error.message());
}

bool is_standard_output(const std::string& path) {
  struct stat there {
  }, output{};
  if (stat(path.c_str(), &there) != 0 || fstat(STDOUT_FILENO, &output) != 0) return false;
  return !S_ISCHR(there.st_mode) && there.st_dev == output.st_dev && there.st_ino == output.st_ino;
}

}  // namespace phosphene
