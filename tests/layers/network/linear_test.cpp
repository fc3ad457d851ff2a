#include "layers/network/linear.h"

#include "kernels/linear.h"
#include "runtime/error.h"
#include "tests/layers/network/oracles.h"
#include "tests/support/widths.h"

namespace phosphene::linear_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

struct Sizes {
  Shape src;
  int64_t k;
};

const std::vector<Sizes>& sizes() {
  static const std::vector<Sizes> all{
      {{1, 1, 1, 1}, 1}, {{3, 5, 1, 1}, 7}, {{2, 6, 3, 5}, 33}, {{1, 1024, 1, 1}, 100}, {{5, 131, 1, 1}, 64}};
  return all;
}

NaiveCase naive(Tensor src, const Weights& weights, const Weights& bias) {
  return {std::make_shared<Linear>(weights, bias),
          {std::move(src)},
          [=](const auto& s) { return reference::linear(s[0], weights, bias); },
          [=](const Tensor& grad_dst, const auto& s) {
            return std::vector<Tensor>{reference::linear_backward(grad_dst, s[0].shape, weights)};
          }};
}

NaiveCase random_case(const Sizes& s) {
  return naive(random_tensor(s.src, 1), random_weights({s.k, s.src.c, s.src.h, s.src.w}, 2), random_weights({s.k}, 3));
}

// Partial sums of 64 terms, then up to 16 of those: about sqrt(64 + 16) = 9 roundings of 2^-24; 4 of those.
constexpr double kTolerance = 4 * 9 * 0x1p-24;

TEST(Linear, EqualsNaiveLoops) {
  for (const Sizes& s : sizes()) {
    SCOPED_TRACE(to_string(s.src));
    expect_naive(random_case(s), kTolerance);
  }
}

// Factors and products are exact, sums as above, and the result is rounded once, by at most half of 2^-7 of itself.
TEST(Linear, InBfloat16EqualsNaiveLoopsRoundedOnce) {
  PHOSPHENE_BF16();
  for (const Sizes& s : sizes()) {
    SCOPED_TRACE(to_string(s.src));
    const Weights weights = rounded(random_weights({s.k, s.src.c, s.src.h, s.src.w}, 2));
    expect_naive(in_bf16(naive(random_tensor(s.src, 1), weights, random_weights({s.k}, 3))), 0x1p-8 + kTolerance);
    expect_adjoint_in_bf16(in_bf16(naive(random_tensor(s.src, 1), weights, Weights{})));
  }
}

TEST(Linear, IsExactOnIntegers) {
  for (const Sizes& s : sizes()) {
    SCOPED_TRACE(to_string(s.src));
    const int64_t inputs = s.src.c * s.src.h * s.src.w;
    expect_naive(naive(integer_tensor(s.src, 1), integer_weights({s.k, inputs}, 2), Weights{}), 0);
  }
}

// Linear in its source: only the rounding of the sums.
TEST(Linear, GradientIsTheAdjoint) {
  for (const Sizes& s : sizes()) {
    SCOPED_TRACE(to_string(s.src));
    EXPECT_TRUE(harness_of(random_case(s)).adjoint_identity(2e-6));
  }
}

// Rounding of outputs up to about 60 over a step of 0.5, times the root of up to 100 outputs.
TEST(Linear, GradientEqualsCentralDifferences) {
  for (const Sizes& s : sizes()) {
    SCOPED_TRACE(to_string(s.src));
    EXPECT_TRUE(harness_of(random_case(s)).central_differences(2e-5, 0.5, 60));
  }
}

TEST(Linear, EqualsTheGoldenTable) {
  const auto cases = golden_layers("linear");
  ASSERT_FALSE(cases.empty());
  for (const nlohmann::json& golden : cases) {
    const auto weights = [&](const char* name) { return to_array(golden.at("inputs").at(name)).weights(); };
    expect_golden(std::make_shared<Linear>(weights("weight"), weights("bias")), golden, {"input"}, kTolerance);
  }
}

TEST(Linear, DoesNotDependOnThreadsOrBatch) {
  for (const Sizes& s : sizes()) expect_same_bits_for_threads_and_batches(random_case(s));
}

TEST(Linear, SameBitsAtEveryWidth) {
  constexpr int kInputs = 200, kOutputs = 149;  // full chunks of every width, and a tail
  const std::vector<float> src = random_floats(2 * kInputs, 1), matrix = random_floats(kInputs * kOutputs, 2),
                           bias = random_floats(kOutputs, 3);
  expect_same_bits_at_every_width(2, kOutputs, 2 * kOutputs, [&](auto& dst) {
    return ApplyMatrix<float>{src.data(), matrix.data(), bias.data(), dst.data(), kInputs, kOutputs};
  });
}

TEST(Linear, RefusesWhatDoesNotFit) {
  const Linear op(random_weights({4, 12}, 1), {});
  const std::vector<TensorInfo> other{{{1, 5, 1, 1}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)op.infer(other), Error);
  EXPECT_THROW(Linear(random_weights({4, 12}, 1), random_weights({5}, 1)), Error);
  EXPECT_THROW(Linear(random_weights({4}, 1), {}), Error);
}

}  // namespace
}  // namespace phosphene::linear_test
