// Kernels on bfloat16: they compute in float32 whatever the storage, so on numbers that bfloat16 has, their result is that of the
// float32 kernel, rounded; to the bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "cases/case.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"

namespace phosphene {
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

TEST(Bfloat16, TheCpuRefusesConvolutionsInOneLine) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  ConvolutionProblem problem;
  problem.storage = DType::bf16;
  try {
    (void)backend->plan(problem, "conv1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "precision bf16: it needs a GPU; the CPU computes in f32");
  }
}

}  // namespace
}  // namespace phosphene
