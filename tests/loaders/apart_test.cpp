#include "loaders/apart.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene::testing {
namespace apart_test {
namespace {

Apart::Reply reply_of(const std::string& text) {
  const auto owner = std::make_shared<const std::string>(text);
  return {std::as_bytes(std::span<const char>(*owner)), owner};
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string ask(Apart& apart, const std::string& request) {
  const std::vector<char> reply = apart.ask<char>(std::as_bytes(std::span<const char>(request)));
  return {reply.begin(), reply.end()};
}

std::string fault_of(Apart& apart) {
  try {
    ask(apart, "");
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Apart, AnswersOneRequestAfterTheOther) {
  int asked = 0;
  Apart apart("file", {}, [&](std::span<const std::byte> request) {
    return reply_of(fmt::format("{} {}", ++asked, text_of(request)));
  });
  EXPECT_EQ(ask(apart, "one"), "1 one");
  EXPECT_EQ(ask(apart, ""), "2 ");
  const std::string large(size_t{5} << 20, 'x');
  EXPECT_EQ(ask(apart, large), "3 " + large);
  EXPECT_EQ(asked, 0) << "the child has its own memory";
}

TEST(Apart, ErrorsOfTheChildAreThrownHereAndItGoesOn) {
  Apart apart("file", {}, [](std::span<const std::byte> request) -> Apart::Reply {
    if (text_of(request) == "bad") fail("inside", "is bad");
    return reply_of("good");
  });
  try {
    ask(apart, "bad");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "inside: is bad");
    EXPECT_EQ(error.places(), std::vector<std::string>{"inside"});
    EXPECT_EQ(error.blame(), Blame::user);
  }
  EXPECT_EQ(ask(apart, ""), "good");
}

TEST(Apart, AChildThatDiesIsToldInOneLine) {
  Apart apart("file", {}, [](std::span<const std::byte>) -> Apart::Reply {
    raise(SIGSEGV);
    return {};
  });
  EXPECT_EQ(fault_of(apart), "file: cannot be read: it is damaged, and ended the process that read it (SEGV)");
}

TEST(Apart, AChildThatDoesNotEndIsStopped) {
  Apart apart("file", {.cpu_seconds = 1}, [](std::span<const std::byte>) -> Apart::Reply {
    for (std::atomic<int> turn = 0;; ++turn) {
    }
  });
  EXPECT_EQ(fault_of(apart), "file: takes too long to read: it is damaged");
}

TEST(Apart, MemoryIsBounded) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's own memory would count";
#endif
  Apart apart("file", {.memory_bytes = size_t{64} << 20},
              [](std::span<const std::byte>) -> Apart::Reply { return reply_of(std::string(size_t{256} << 20, 'x')); });
  EXPECT_EQ(fault_of(apart), "file: takes more memory than a file of its size may");
}

TEST(Apart, ARequestToStopIsObeyedAtOnceAndLeavesNoChild) {
  pid_t child = 0;
  {
    Apart apart("file", {}, [](std::span<const std::byte> request) -> Apart::Reply {
      if (text_of(request) == "who") return reply_of(std::to_string(getpid()));
      std::this_thread::sleep_for(std::chrono::minutes(1));
      return {};
    });
    child = std::stoi(ask(apart, "who"));
    std::thread user([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      stop_flag = true;
    });
    EXPECT_THROW(ask(apart, ""), Stopped);
    user.join();
    stop_flag = false;
  }
  EXPECT_EQ(kill(child, 0), -1);
}

}  // namespace
}  // namespace apart_test
}  // namespace phosphene::testing
