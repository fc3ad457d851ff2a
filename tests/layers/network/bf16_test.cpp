// Kernels on bfloat16: they compute in float32 whatever the storage, so on numbers that bfloat16 has, their result is that of the
// float32 kernel, rounded; to the bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/host_device.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/op_harness.h"

namespace phosphene {
namespace {

using testing::random_numbers;

// One operand: numbers of the network, stored as the problem says, or bytes that stay what they are.
struct Operand {
  std::vector<float> numbers;
  std::vector<std::byte> bytes;
  bool written = false;

  static Operand of(int64_t count, unsigned seed) {
    Operand operand;
    const std::vector<double> random = random_numbers(count, seed);
    const std::vector<float> wide(random.begin(), random.end());
    operand.numbers = from_bf16(to_bf16(wide));
    return operand;
  }
  static Operand out(int64_t count) {
    Operand operand;
    operand.numbers.resize(static_cast<size_t>(count));
    operand.written = true;
    return operand;
  }
  template <class T>
  static Operand raw(const std::vector<T>& values, bool written = false) {
    Operand operand;
    operand.bytes.assign(std::as_bytes(std::span(values)).begin(), std::as_bytes(std::span(values)).end());
    operand.written = written;
    return operand;
  }
};

std::vector<std::byte> stored(const Operand& operand, DType storage) {
  if (!operand.bytes.empty()) return operand.bytes;
  const std::vector<uint16_t> halves = to_bf16(operand.numbers);
  const auto view =
      storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span(operand.numbers));
  return {view.begin(), view.end()};
}

// What the operands hold after the problem was run on them.
std::vector<std::vector<std::byte>> run(Problem problem, const std::vector<Operand>& operands, DType storage) {
  std::visit(
      [storage](auto& p) {
        if constexpr (requires { p.storage; }) p.storage = storage;
      },
      problem);
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  PlannedTask planned = backend->plan(problem, "test");
  std::vector<std::vector<std::byte>> memory;
  for (const Operand& operand : operands) memory.push_back(stored(operand, storage));
  std::vector<std::byte*> pointers;
  for (auto& bytes : memory) pointers.push_back(bytes.data());
  std::vector<std::byte> workspace(static_cast<size_t>(planned.workspace_bytes));
  planned.task->bind(pointers, workspace.data());
  planned.task->run();
  return memory;
}

void expect_rounded_float32(const char* name, const Problem& problem, const std::vector<Operand>& operands) {
  SCOPED_TRACE(name);
  const auto wide = run(problem, operands, DType::f32);
  const auto narrow = run(problem, operands, DType::bf16);
  int compared = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].written) continue;
    ++compared;
    if (!operands[i].bytes.empty()) {
      EXPECT_EQ(wide[i], narrow[i]);
      continue;
    }
    std::vector<float> expected(operands[i].numbers.size());
    std::memcpy(expected.data(), wide[i].data(), wide[i].size());
    std::vector<uint16_t> actual(expected.size());
    std::memcpy(actual.data(), narrow[i].data(), narrow[i].size());
    EXPECT_EQ(to_bf16(expected), actual);
    for (const float number : expected) ASSERT_TRUE(std::isfinite(number));
  }
  EXPECT_GT(compared, 0);
}

constexpr int64_t kC = 149;  // full chunks of every width, and a tail
const Shape kSrc{2, kC, 5, 6};
const Shape kDst{2, kC, 3, 3};
const Window kWindow{3, 3, 2, 2, 1, 1, 1, 1};

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

TEST(Bfloat16, ElementWiseKernels) {
  const int64_t n = kSrc.elements();
  expect_rounded_float32("relu", ReluProblem{n}, {Operand::of(n, 1), Operand::out(n)});
  expect_rounded_float32("redirected relu backward", RedirectedReluBackwardProblem{kSrc},
                         {Operand::of(n, 1), Operand::of(n, 2), Operand::out(n)});
  expect_rounded_float32("leaky relu", LeakyReluProblem{n, 0.2F}, {Operand::of(n, 1), Operand::out(n)});
  expect_rounded_float32("leaky relu backward", LeakyReluBackwardProblem{n, 0.2F},
                         {Operand::of(n, 1), Operand::of(n, 2), Operand::out(n)});
  AccumulateProblem slice{{2, 20, 5, 6}, 2, kC, 4, true};
  const int64_t part = slice.dst.elements();
  expect_rounded_float32("accumulate", slice,
                         {Operand::of(n, 1), Operand::of(n, 2), Operand::of(part, 3), Operand::out(part)});
  const ConcatProblem concat{{2, kC + 20, 5, 6}, {kC, 20}};
  expect_rounded_float32("concat", concat,
                         {Operand::of(n, 1), Operand::of(part, 2), Operand::out(concat.dst.elements())});
}

TEST(Bfloat16, Pooling) {
  const int64_t n = kSrc.elements(), m = kDst.elements();
  const std::vector<uint8_t> chosen(static_cast<size_t>(m));
  expect_rounded_float32("max", PoolingProblem{kSrc, kDst, kWindow, PoolingKind::max},
                         {Operand::of(n, 1), Operand::out(m), Operand::raw(chosen, true)});
  expect_rounded_float32("average", PoolingProblem{kSrc, kDst, kWindow, PoolingKind::average},
                         {Operand::of(n, 1), Operand::out(m)});
  std::vector<uint8_t> taps(static_cast<size_t>(m));
  for (size_t i = 0; i < taps.size(); ++i) taps[i] = static_cast<uint8_t>(i % 9);
  expect_rounded_float32("max backward", PoolingBackwardProblem{kSrc, kDst, kWindow, PoolingKind::max},
                         {Operand::of(m, 1), Operand::raw(taps), Operand::out(n)});
  expect_rounded_float32("average backward", PoolingBackwardProblem{kSrc, kDst, kWindow, PoolingKind::average},
                         {Operand::of(m, 1), Operand::out(n)});
}

TEST(Bfloat16, Normalisation) {
  const int64_t n = kSrc.elements();
  for (const float beta : {0.75F, 0.5F, 0.6F}) {
    expect_rounded_float32("lrn", LrnProblem{kSrc, 2, 0.3F, beta, 1.F},
                           {Operand::of(n, 1), Operand::out(n), Operand::out(n)});
    Operand reciprocal = Operand::of(n, 4);
    for (float& r : reciprocal.numbers) r = std::abs(r) + 0.25F;
    reciprocal.numbers = from_bf16(to_bf16(reciprocal.numbers));
    expect_rounded_float32("lrn backward", LrnBackwardProblem{kSrc, 2, 0.3F, beta, 1.F},
                           {Operand::of(n, 1), Operand::of(n, 2), Operand::of(n, 3), reciprocal, Operand::out(n)});
  }
  expect_rounded_float32("softmax", SoftmaxProblem{kSrc}, {Operand::of(n, 1), Operand::out(n)});
  expect_rounded_float32("softmax backward", SoftmaxBackwardProblem{kSrc},
                         {Operand::of(n, 1), Operand::of(n, 2), Operand::out(n)});
}

// Their values are float32 in either case, so they agree as they are; their gradients are the network's.
TEST(Bfloat16, Objectives) {
  const int64_t n = kSrc.elements();
  const std::vector<UnitRow> units = {{7, kWholeMap, kWholeMap, 2.F}, {3, 1, 2, -1.F}};
  const std::vector<float> value(2), vectors = Operand::of(2 * kC, 5).numbers;
  expect_rounded_float32("unit", UnitObjectiveProblem{kSrc},
                         {Operand::of(n, 1), Operand::raw(units), Operand::raw(value, true)});
  expect_rounded_float32("unit backward", UnitObjectiveBackwardProblem{kSrc}, {Operand::raw(units), Operand::out(n)});
  const std::vector<DirectionRow> rows = {{.vector = 0, .power = 1, .weight = 2},
                                          {.vector = 1, .row = 1, .column = 2, .power = 2, .weight = 1}};
  expect_rounded_float32("direction", DirectionObjectiveProblem{kSrc},
                         {Operand::of(n, 1), Operand::raw(rows), Operand::raw(vectors), Operand::raw(value, true)});
  expect_rounded_float32("direction backward", DirectionObjectiveBackwardProblem{kSrc},
                         {Operand::of(n, 1), Operand::raw(rows), Operand::raw(vectors), Operand::out(n)});
}

TEST(Bfloat16, Warp) {
  const Shape image{2, 3, 9, 40}, input{2, 3, 8, 37};
  const std::vector<double> matrices = {0.9, 0.2, 0.3, -0.2, 0.9, 1.1, 1.05, -0.1, -0.4, 0.1, 1.05, 2.2};
  const std::vector<float> pixels = Operand::of(image.elements(), 1).numbers;
  const std::vector<float> gradient(static_cast<size_t>(image.elements()));
  for (const Outside outside : {Outside::constant, Outside::reflect}) {
    WarpProblem forward{image, input, outside, 255.F};
    forward.mean = {104.F, 117.F, 123.F};
    forward.order = {2, 1, 0, 3, 4, 5, 6, 7};
    expect_rounded_float32("warp", forward,
                           {Operand::raw(pixels), Operand::raw(matrices), Operand::out(input.elements())});
    expect_rounded_float32("warp backward", WarpBackwardProblem{image, input, outside, 255.F, forward.order},
                           {Operand::of(input.elements(), 2), Operand::raw(matrices), Operand::raw(gradient, true)});
  }
}

// Whole vectors are narrowed by instructions of their own on some CPUs: they agree with single numbers on every kind there is.
TEST(Bfloat16, EveryWidthRoundsAlike) {
  std::vector<float> numbers = Operand::of(1, 1).numbers;
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
}  // namespace phosphene
