// Problems of every kind with operands to run them on, at sizes for tests or at those of real networks. What stands in this
// table is tested (tests/runtime: at every width, on threads, in bfloat16) and timed (bench/kernels_bench.cpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/problems/problem.h"

namespace phosphene::cases {

enum class Access : uint8_t { read, written, updated };

// What an operand holds before the problem is run: numbers uniform on [low, high], or a table. What is only written holds NaN.
struct Operand {
  int64_t count = 0;
  DType type = DType::f32;
  float low = -2, high = 2;
  std::vector<std::byte> table{};  // the bytes as they are, instead of numbers
  bool network = false;            // numbers that lie as the problem's storage says
  Access access = Access::read;
  double passes = 1;  // times its bytes must pass between memory and processor
};

struct Case {
  std::string name;  // "lrn/beta_0.5"
  Problem problem;
  std::vector<Operand> operands;  // as the problem lists them

  // That must be moved.
  [[nodiscard]] double bytes() const;
};

// small: a few thousand elements, with rows that fill whole chunks of every width and leave a tail, and enough of them to be
// shared by threads. real: GoogLeNet, VGG16 and pictures of 224 x 224. Objectives that compare images need two or more.
enum class Size : uint8_t { small, real };
std::vector<Case> every_case(Size size, int64_t images);

// The operand's memory. Numbers use all 24 bits, unless they are `network` and `storage` is bf16.
std::vector<std::byte> contents(const Operand& operand, DType storage, unsigned seed);

// A case planned on a backend, which must outlive it, and bound to memory of its own.
class RunningCase {
 public:
  explicit RunningCase(Backend& backend, const Case& planned, DType storage = DType::f32);

  void write(size_t operand, std::span<const std::byte> bytes) { backend_->write(pointers_[operand], bytes); }
  void run() { planned_.task->run(); }
  [[nodiscard]] std::vector<std::byte> read(size_t operand) const;
  [[nodiscard]] const std::string& implementation() const { return planned_.implementation; }

 private:
  Backend* backend_;
  PlannedTask planned_;
  std::vector<std::unique_ptr<Memory>> memories_;
  std::unique_ptr<Memory> workspace_;
  std::vector<std::byte*> pointers_;
  std::vector<size_t> sizes_;  // bytes
};

}  // namespace phosphene::cases
