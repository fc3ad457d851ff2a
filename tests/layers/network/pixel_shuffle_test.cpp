#include "layers/network/pixel_shuffle.h"

#include "runtime/error.h"
#include "tests/layers/network/linear_formula.h"

namespace phosphene::pixel_shuffle_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// `small`: the map of many channels.
LinearFormula shuffled(const Shape& small, int64_t block, BlockOrder order, bool to_depth) {
  const Shape large{small.n, small.c / (block * block), small.h * block, small.w * block};
  LinearFormula formula{to_depth ? large : small, to_depth ? small : large, {}};
  for (int64_t n = 0; n < large.n; ++n) {
    for (int64_t c = 0; c < large.c; ++c) {
      for (int64_t y = 0; y < large.h; ++y) {
        for (int64_t x = 0; x < large.w; ++x) {
          const int64_t i = y % block, j = x % block;
          const int64_t channel =
              order == BlockOrder::element_first ? (i * block + j) * large.c + c : (c * block + i) * block + j;
          const int64_t in_small = LinearFormula::index(small, n, channel, y / block, x / block);
          const int64_t in_large = LinearFormula::index(large, n, c, y, x);
          formula.takes.push_back({to_depth ? in_small : in_large, to_depth ? in_large : in_small, 1});
        }
      }
    }
  }
  return formula;
}

TEST(PixelShuffle, EqualsNaiveLoopsAndItsGradientTheAdjoint) {
  for (const BlockOrder order : {BlockOrder::element_first, BlockOrder::channel_first}) {
    for (const bool to_depth : {false, true}) {
      for (const int64_t channels : {1, 3, 17, 58}) {
        for (const int64_t block : {1, 2, 3}) {
          SCOPED_TRACE(fmt::format("{} channels, block {}, to depth {}", channels, block, to_depth));
          expect_linear(case_of(std::make_shared<PixelShuffle>(block, order, to_depth),
                                shuffled({3, channels * block * block, 3, 2}, block, order, to_depth)),
                        0);
        }
      }
    }
  }
}

TEST(PixelShuffle, InBfloat16) {
  PHOSPHENE_BF16();
  for (const BlockOrder order : {BlockOrder::element_first, BlockOrder::channel_first})
    expect_naive(
        in_bf16(case_of(std::make_shared<PixelShuffle>(2, order, false), shuffled({2, 4 * 17, 3, 2}, 2, order, false))),
        0);
}

TEST(PixelShuffle, EqualsTheGoldenTableExactly) {
  const auto cases = golden_rearrangements("pixel shuffle");
  EXPECT_EQ(cases.size(), 5U);
  for (const nlohmann::json& golden : cases) {
    const BlockOrder order =
        golden.at("order") == "element_first" ? BlockOrder::element_first : BlockOrder::channel_first;
    expect_rearrangement(std::make_shared<PixelShuffle>(golden.at("block"), order, golden.at("to_depth")), golden, 0);
  }
}

TEST(PixelShuffle, RefusesWhatDoesNotFit) {
  const auto infer = [](const Shape& shape, bool to_depth) {
    return PixelShuffle(2, BlockOrder::element_first, to_depth).infer(value_of(shape));
  };
  EXPECT_THROW(PixelShuffle(0, BlockOrder::element_first, false), Error);
  EXPECT_THROW(PixelShuffle(1025, BlockOrder::element_first, false), Error);
  EXPECT_THROW(infer({1, 6, 2, 2}, false), Error);
  EXPECT_THROW(infer({1, 4, 3, 2}, true), Error);
  EXPECT_THROW(infer({1, 4, 2, 3}, true), Error);
}

}  // namespace
}  // namespace phosphene::pixel_shuffle_test
