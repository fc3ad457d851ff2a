// Work that may crash, hang or take memory without bound, in a child process: a library that parses strangers' files.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace phosphene {

// What the child may use beyond what it has when it starts.
struct ApartLimits {
  size_t memory_bytes = size_t{256} << 20;
  int cpu_seconds = 60;
};

// A child that answers requests, one after the other, as long as this exists. It sees memory as it was when this was made.
class Apart {
 public:
  struct Reply {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;  // of the bytes
  };
  using Answer = std::function<Reply(std::span<const std::byte> request)>;

  // `place` names what is worked on, in errors. `answer` is called in the child; an Error that it throws is thrown by ask().
  Apart(std::string place, const ApartLimits& limits, Answer answer);
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart();

  // The bytes of the reply, a whole number of T. Throws an Error where the child fails, dies or oversteps a limit, and Stopped.
  template <class T>
  std::vector<T> ask(std::span<const std::byte> request) {
    std::vector<T> reply(send(request) / sizeof(T));
    receive(std::as_writable_bytes(std::span<T>(reply)));
    return reply;
  }

 private:
  [[noreturn]] void serve(const ApartLimits& limits);
  void answer_request();
  uint64_t send(std::span<const std::byte> request);  // returns how many bytes the reply has
  void receive(std::span<std::byte> bytes);
  [[noreturn]] void fail_as_it_died();

  std::string place_;
  Answer answer_;
  pid_t child_ = -1;
  int socket_ = -1;  // each process' own end
  Reply reply_;      // where fuzzers ask, who want to see the fault: of this process
};

}  // namespace phosphene
