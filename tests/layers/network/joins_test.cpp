// Concat and add: the ops that join branches.
#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "runtime/error.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::joins_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

std::vector<Tensor> branches(const std::vector<int64_t>& channels, int64_t n = 2) {
  std::vector<Tensor> src;
  for (const int64_t c : channels) src.push_back(random_tensor({n, c, 3, 5}, static_cast<unsigned>(c)));
  return src;
}

NaiveCase concat_case(std::vector<Tensor> src) {
  return {std::make_shared<Concat>(), std::move(src), [](const auto& s) { return reference::concat(s); },
          [](const Tensor& grad_dst, const auto& s) {
            std::vector<Shape> shapes;
            for (const Tensor& one : s) shapes.push_back(one.shape);
            return reference::concat_backward(grad_dst, shapes);
          }};
}

NaiveCase add_case(std::vector<Tensor> src) {
  return {std::make_shared<Add>(), std::move(src), [](const auto& s) { return reference::add(s); },
          [](const Tensor& grad_dst, const auto& s) { return std::vector<Tensor>(s.size(), grad_dst); }};
}

// A copy, and sums of two to eight numbers that are multiples of 2^-10 below 2: exact.
TEST(Concat, EqualsNaiveLoopsExactly) {
  expect_naive(concat_case(branches({7})), 0);
  expect_naive(concat_case(branches({64, 17, 1, 33})), 0);
}

TEST(Add, EqualsNaiveLoopsExactly) {
  expect_naive(add_case({random_tensor({2, 19, 4, 3}, 1), random_tensor({2, 19, 4, 3}, 2)}), 0);
  std::vector<Tensor> eight;
  for (unsigned seed = 0; seed < 8; ++seed) eight.push_back(random_tensor({1, 3, 4, 3}, seed));
  expect_naive(add_case(eight), 0);
}

// Linear and exact but for the sums of the check itself.
TEST(Concat, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(concat_case(branches({5, 17, 2})));
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
  EXPECT_TRUE(harness.central_differences(1e-6, 0.5));
}

TEST(Add, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(add_case({random_tensor({2, 19, 4, 3}, 1), random_tensor({2, 19, 4, 3}, 2)}));
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
  EXPECT_TRUE(harness.central_differences(1e-6, 0.5));
}

TEST(Concat, EqualsTheGoldenTableExactly) {
  const auto cases = golden_layers("concat");
  ASSERT_EQ(cases.size(), 1U);
  expect_golden(std::make_shared<Concat>(), cases[0], {"input0", "input1", "input2"}, 0);
}

TEST(Concat, DoesNotDependOnThreadsOrBatch) {
  expect_same_bits_for_threads_and_batches(concat_case(branches({64, 17}, 3)));
}

TEST(Concat, RefusesWhatDoesNotFit) {
  const std::vector<TensorInfo> src{{{1, 3, 4, 4}, Layout::channels_last, DType::f32},
                                    {{1, 3, 4, 5}, Layout::channels_last, DType::f32}};
  EXPECT_THROW((void)Concat().infer(src), Error);
  EXPECT_THROW((void)Add().infer(src), Error);
}

}  // namespace
}  // namespace phosphene::joins_test
