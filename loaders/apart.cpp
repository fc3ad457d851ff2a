#include "loaders/apart.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <utility>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

enum class Outcome : uint8_t { reply, error };

struct Header {
  Outcome outcome = Outcome::reply;
  Blame blame = Blame::user;
  uint64_t bytes = 0;
};

// Whether all bytes came, or went; false where the other end is gone.
bool receive_all(int socket, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = recv(socket, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return true;
}

bool send_all(int socket, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(sent));
  }
  return true;
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span<const T>(&value, 1));
}

bool send_text(int socket, const std::string& text) {
  const uint64_t size = text.size();
  return send_all(socket, bytes_of(size)) && send_all(socket, std::as_bytes(std::span<const char>(text)));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Private memory that this process may write to, in bytes.
size_t data_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::array<size_t, 6> pages{};  // size, resident, shared, text, 0, data
  for (size_t& count : pages) statm >> count;
  return statm ? pages.back() * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
}
#endif

void limit(__rlimit_resource resource, rlim_t most) {
  rlimit limits{};
  getrlimit(resource, &limits);
  limits.rlim_cur = std::min(most, limits.rlim_max);
  setrlimit(resource, &limits);
}

}  // namespace

#ifdef PHOSPHENE_FUZZ_BUILD

Apart::Apart(std::string place, const ApartLimits&, Answer answer)
    : place_(std::move(place)), answer_(std::move(answer)) {}
Apart::~Apart() = default;

uint64_t Apart::send(std::span<const std::byte> request) {
  reply_ = answer_(request);
  return reply_.bytes.size();
}

void Apart::receive(std::span<std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(bytes.data(), reply_.bytes.data(), bytes.size());
}

#else

Apart::Apart(std::string place, const ApartLimits& limits, Answer answer)
    : place_(std::move(place)), answer_(std::move(answer)) {
  std::array<int, 2> sockets{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0)
    fail(place_, "cannot be read in a process of its own: {}", std::strerror(errno));
  child_ = fork();
  socket_ = sockets.at(child_ == 0 ? 1 : 0);
  close(sockets.at(child_ == 0 ? 0 : 1));
  if (child_ == 0) serve(limits);
  if (child_ < 0) {
    close(socket_);
    fail(place_, "cannot be read in a process of its own: {}", std::strerror(errno));
  }
}

Apart::~Apart() {
  close(socket_);
  if (child_ <= 0) return;
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// In the child. Ctrl-C is the parent's affair; a crash leaves no core.
void Apart::serve(const ApartLimits& limits) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(signal, SIG_DFL);
  stop_flag = false;
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu_seconds));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadow memory counts
  limit(RLIMIT_DATA, data_bytes() + limits.memory_bytes);
#endif
  for (;;) {
    try {
      answer_request();
    } catch (...) {  // not from `answer`: memory for the request itself
      _exit(1);
    }
  }
}

// In the child.
void Apart::answer_request() {
  uint64_t size = 0;
  if (!receive_all(socket_, std::as_writable_bytes(std::span<uint64_t>(&size, 1)))) _exit(0);
  std::vector<std::byte> request(size);
  if (!receive_all(socket_, request)) _exit(0);
  Header header;
  std::string place, fault;
  Reply reply;
  try {
    reply = answer_(request);
    header.bytes = reply.bytes.size();
  } catch (const Error& error) {
    header = {Outcome::error, error.blame(), 0};
    if (!error.places().empty()) place = error.places().front();
    fault = error.within();
  } catch (const std::bad_alloc&) {
    header.outcome = Outcome::error;
    place = place_;
    fault = "takes more memory than a file of its size may";
  } catch (const std::exception& error) {
    header = {Outcome::error, Blame::phosphene, 0};
    place = place_;
    fault = error.what();
  }
  bool sent = send_all(socket_, bytes_of(header));
  if (header.outcome == Outcome::error)
    sent = sent && send_text(socket_, place) && send_text(socket_, fault);
  else
    sent = sent && send_all(socket_, reply.bytes);
  if (!sent) _exit(0);
}

uint64_t Apart::send(std::span<const std::byte> request) {
  const uint64_t size = request.size();
  if (!send_all(socket_, bytes_of(size)) || !send_all(socket_, request)) fail_as_it_died();
  Header header;
  receive(std::as_writable_bytes(std::span<Header>(&header, 1)));
  if (header.outcome == Outcome::reply) return header.bytes;
  std::array<std::string, 2> texts;  // place, fault
  for (std::string& text : texts) {
    uint64_t length = 0;
    receive(std::as_writable_bytes(std::span<uint64_t>(&length, 1)));
    text.resize(length);
    receive(std::as_writable_bytes(std::span<char>(text)));
  }
  throw Error(header.blame, texts[0], texts[1]);
}

void Apart::receive(std::span<std::byte> bytes) {
  constexpr int kMilliseconds = 100;
  while (!bytes.empty()) {
    pollfd waiting{socket_, POLLIN, 0};
    poll(&waiting, 1, kMilliseconds);
    stop_if_requested();
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) fail_as_it_died();
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

void Apart::fail_as_it_died() {
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) fail(place_, "takes too long to read: it is damaged");
  if (WIFSIGNALED(status))
    fail(place_, "cannot be read: it is damaged, and ended the process that read it ({})",
         sigabbrev_np(WTERMSIG(status)));
  fail(place_, "cannot be read: the process that read it ended");
}

#endif

}  // namespace phosphene
