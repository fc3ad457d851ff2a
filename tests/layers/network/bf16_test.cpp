// Kernels on bfloat16: they compute in float32 whatever the storage, so on numbers that bfloat16 has, their result is that of the
// float32 kernel, rounded; to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/host_device.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/problems/problem.h"
#include "tests/cases/case.h"

namespace phosphene::bf16_test {
namespace {

// A convolution and a product of matrices round their weights too, and a library adds in an order of its own.
bool is_library(const Problem& problem) {
  return std::holds_alternative<ConvolutionProblem>(problem) ||
         std::holds_alternative<ConvolutionBackwardProblem>(problem) ||
         std::holds_alternative<LinearProblem>(problem) || std::holds_alternative<LinearBackwardProblem>(problem) ||
         std::holds_alternative<MatrixProductsProblem>(problem);
}

bool has_storage(const Problem& problem) {
  return std::visit(
      [](const auto& p) {
        return requires { p.storage; };
      },
      problem);
}

std::vector<float> floats(const std::vector<std::byte>& bytes) {
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<uint16_t> halves(const std::vector<std::byte>& bytes) {
  std::vector<uint16_t> numbers(bytes.size() / sizeof(uint16_t));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

// Both begin with the same numbers, which bfloat16 has.
void expect_rounded_float32(Backend& backend, const cases::Case& one) {
  SCOPED_TRACE(one.name);
  cases::RunningCase wide(backend, one, DType::f32), narrow(backend, one, DType::bf16);
  for (size_t i = 0; i < one.operands.size(); ++i) {
    if (!one.operands[i].network) continue;
    const std::vector<float> widened = from_bf16(halves(narrow.read(i)));
    wide.write(i, std::as_bytes(std::span(widened)));
  }
  wide.run();
  narrow.run();
  int compared = 0;
  for (size_t i = 0; i < one.operands.size(); ++i) {
    if (one.operands[i].access == cases::Access::read) continue;
    ++compared;
    if (one.operands[i].network) {
      EXPECT_EQ(to_bf16(floats(wide.read(i))), halves(narrow.read(i)));
    } else {
      EXPECT_EQ(wide.read(i), narrow.read(i));
    }
  }
  EXPECT_GT(compared, 0);
}

TEST(Bfloat16, RoundsToNearestEvenAndKeepsNan) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> numbers = {1.F, -0.F, 0x1.01p0F, 0x1.03p0F, 0x1.02p0F, 0x1.010002p0F, inf, -inf, 3.4e38F};
  // Eight bits of mantissa: 1.01p0 and 1.03p0 are ties, to 1.00p0 and 1.04p0; the largest floats round to infinity.
  EXPECT_EQ(from_bf16(to_bf16(numbers)),
            (std::vector<float>{1.F, -0.F, 1.F, 0x1.04p0F, 0x1.02p0F, 0x1.02p0F, inf, -inf, inf}));
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::vector<float>{nan})).front()));
  // A NaN whose payload lies in the lower half only must not become infinity.
  uint32_t bits = 0x7F800001;
  float low_payload = 0;
  std::memcpy(&low_payload, &bits, sizeof(bits));
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::vector<float>{low_payload})).front()));
}

TEST(Bfloat16, EveryKernelRoundsItsFloat32Result) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  int tested = 0;
  for (const cases::Case& one : cases::every_case(cases::Size::small, 4)) {
    if (!has_storage(one.problem) || is_library(one.problem)) continue;
    expect_rounded_float32(*backend, one);
    ++tested;
  }
  EXPECT_GT(tested, 0);
}

// Whole vectors are narrowed by instructions of their own on some CPUs: they agree with single numbers on every kind there is.
TEST(Bfloat16, EveryWidthRoundsAlike) {
  std::vector<float> numbers;
  for (const uint32_t exponent : {0U, 1U, 100U, 254U, 255U}) {
    for (const uint32_t mantissa : {0U, 1U, 0x7FFFU, 0x8000U, 0x8001U, 0x18000U, 0x7F8000U, 0x7FFFFFU}) {
      for (const uint32_t sign : {0U, 1U}) {
        const uint32_t bits = sign << 31 | exponent << 23 | mantissa;
        numbers.resize(numbers.size() + 1);
        std::memcpy(&numbers.back(), &bits, sizeof(bits));
      }
    }
  }
  numbers.resize((numbers.size() + 63) / 64 * 64, 1.F);
  const std::vector<uint16_t> singles = to_bf16(numbers);
  for (size_t first = 0; first < numbers.size(); first += 64) {
    float chunk[64];
    Bfloat16 narrowed[64];
    std::copy_n(numbers.begin() + static_cast<int64_t>(first), 64, chunk);
    store<64>(narrowed, chunk);
    for (size_t l = 0; l < 64; ++l) EXPECT_EQ(narrowed[l].bits, singles[first + l]) << numbers[first + l];
  }
}

}  // namespace
}  // namespace phosphene::bf16_test
