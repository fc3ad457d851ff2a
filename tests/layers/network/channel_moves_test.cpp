// Slices and permutations of channels.
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "runtime/error.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::channel_moves_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// dst[n, k] = src[n, from[k]].
LinearFormula moved(const Shape& src, const std::vector<int64_t>& from) {
  LinearFormula formula{src, {src.n, std::ssize(from), src.h, src.w}, {}};
  for (int64_t n = 0; n < src.n; ++n)
    for (int64_t k = 0; k < formula.dst.c; ++k)
      for (int64_t h = 0; h < src.h; ++h)
        for (int64_t w = 0; w < src.w; ++w)
          formula.takes.push_back({LinearFormula::index(formula.dst, n, k, h, w),
                                   LinearFormula::index(src, n, from[static_cast<size_t>(k)], h, w), 1});
  return formula;
}

std::vector<int64_t> numbered(int64_t first, int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

std::vector<int64_t> shuffled(int64_t count) {
  std::vector<int64_t> order = numbered(0, count);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[(i * 7919 + 13) % i]);
  return order;
}

TEST(ChannelRange, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  struct Slice {
    int64_t channels, first, count;
  };
  for (const auto& [channels, first, count] :
       {Slice{1, 0, 1}, {3, 2, 1}, {17, 5, 9}, {58, 0, 58}, {116, 0, 58}, {116, 58, 58}, {116, 64, 32}, {24, 4, 8}}) {
    SCOPED_TRACE(fmt::format("{}+{} of {}", first, count, channels));
    expect_linear(
        case_of(std::make_shared<ChannelRange>(first, count), moved({3, channels, 3, 5}, numbered(first, count))), 0);
  }
}

TEST(ChannelPermutation, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  for (const int64_t channels : {1, 3, 17, 58, 116}) {
    SCOPED_TRACE(channels);
    const std::vector<int64_t> order = shuffled(channels);
    expect_linear(case_of(std::make_shared<ChannelPermutation>(order), moved({3, channels, 5, 3}, order)), 0);
  }
  // In several launches, the last of one channel.
  for (const int64_t channels : {1024, 2049}) {
    SCOPED_TRACE(channels);
    const std::vector<int64_t> order = shuffled(channels);
    expect_naive(case_of(std::make_shared<ChannelPermutation>(order), moved({2, channels, 1, 2}, order)), 0);
  }
}

TEST(ChannelMoves, InBfloat16) {
  PHOSPHENE_BF16();
  expect_adjoint_in_bf16(in_bf16(case_of(std::make_shared<ChannelRange>(5, 9), moved({2, 17, 3, 3}, numbered(5, 9)))));
  const std::vector<int64_t> order = shuffled(58);
  expect_naive(in_bf16(case_of(std::make_shared<ChannelPermutation>(order), moved({2, 58, 3, 3}, order))), 0);
}

TEST(ChannelMoves, EqualTheGoldenTableExactly) {
  const auto slices = golden_rearrangements("channel slice"), shuffles = golden_rearrangements("channel shuffle");
  EXPECT_EQ(slices.size() + shuffles.size(), 3U);
  for (const nlohmann::json& golden : slices)
    expect_rearrangement(std::make_shared<ChannelRange>(golden.at("first"), golden.at("count")), golden, 0);
  for (const nlohmann::json& golden : shuffles) {
    const int64_t channels = golden.at("inputs").at("input").at("shape").at(1);
    expect_rearrangement(ChannelPermutation::shuffle(channels, golden.at("groups")), golden, 0);
  }
}

TEST(ChannelMoves, RefuseWhatDoesNotFit) {
  EXPECT_THROW(ChannelRange(-1, 2), Error);
  EXPECT_THROW(ChannelRange(0, 0), Error);
  EXPECT_TRUE(refused([] { (void)ChannelRange(2, 3).infer(value_of({1, 4, 2, 2})); }, {"2 to 4", "1x4x2x2"}));
  EXPECT_TRUE(refused([] { ChannelPermutation({0, 1, 1}); }, {"channel 1 twice"}));
  EXPECT_TRUE(refused([] { ChannelPermutation({0, 3, 1}); }, {"channel 3"}));
  EXPECT_THROW(ChannelPermutation(std::vector<int64_t>{}), Error);
  EXPECT_THROW(ChannelPermutation(numbered(0, 65537)), Error);
  EXPECT_TRUE(refused([] { ChannelPermutation::shuffle(10, 3); }, {"10 channels", "3 groups"}));
  EXPECT_TRUE(refused(
      [] {
        (void)ChannelPermutation({1, 0}).infer(value_of({1, 3, 2, 2}));
      },
      {"2 channels", "1x3x2x2"}));
}

}  // namespace
}  // namespace phosphene::channel_moves_test
