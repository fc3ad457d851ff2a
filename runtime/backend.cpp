#include "runtime/backend.h"

#include <chrono>

namespace phosphene {
namespace {

class FinishedTransfer final : public Transfer {
 public:
  explicit FinishedTransfer(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] bool done() const override { return true; }
  [[nodiscard]] std::span<const std::byte> bytes() override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

std::unique_ptr<Backend> Backend::team(int /*threads*/) {
  fail(description(), "runs one program at a time, so it takes one worker");
}

double Backend::time(Task& task) {
  const auto start = std::chrono::steady_clock::now();
  task.run();
  wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::unique_ptr<Transfer> Backend::start_read(const std::byte* src, int64_t bytes) {
  std::vector<std::byte> copy(static_cast<size_t>(bytes));
  read(copy, src);
  return std::make_unique<FinishedTransfer>(std::move(copy));
}

void require_memory(const Backend& backend, int64_t bytes) {
  const MemoryUse memory = backend.memory();
  if (bytes + bytes / 20 <= memory.available) return;
  constexpr double kMegabyte = 1e-6;
  throw OutOfMemory(
      Blame::user, "memory",
      fmt::format("{:.0f} MB are needed and {:.0f} MB are available ({}); a smaller size or batch needs less",
                  static_cast<double>(memory.used + bytes) * kMegabyte,
                  static_cast<double>(memory.used + memory.available) * kMegabyte, memory.limit));
}

}  // namespace phosphene
