#include "layers/network/channel_trail.h"

#include <gtest/gtest.h>

#include <vector>

#include "layers/network/activation.h"
#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/add.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/pad.h"
#include "layers/network/pixel_shuffle.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/relu.h"
#include "layers/network/resize.h"
#include "layers/network/softmax.h"

namespace phosphene::testing {
namespace {

TEST(ChannelTrail, AConcatTakesAChannelFromTheOperandThatHoldsIt) {
  const std::vector<int64_t> channels{3, 1, 4};
  const std::vector<std::pair<size_t, int64_t>> expected{{0, 0}, {0, 0}, {0, 0}, {1, 3},
                                                         {2, 4}, {2, 4}, {2, 4}, {2, 4}};
  for (size_t channel = 0; channel < expected.size(); ++channel) {
    const auto origin = channel_origin(Concat(), static_cast<int64_t>(channel), channels);
    ASSERT_TRUE(origin.has_value());
    EXPECT_EQ(std::pair(origin->source, origin->begin), expected[channel]) << channel;
  }
}

TEST(ChannelTrail, WhatWorksChannelByChannelKeepsThemAndOtherOpsEndTheTrail) {
  const std::vector<int64_t> channels{8};
  const Relu relu;
  const std::shared_ptr<const Op> gelu = Activation::gelu();
  const PRelu prelu(Weights::from(std::vector<float>(8, 0.5F), {8}));
  const Pooling pooling(PoolingKind::max, WindowAttributes{}, PoolingDivisor::padded, false);
  const AdaptiveAveragePooling adaptive(2, 3);
  const Pad pad({1, -1, 0, 2}, PadRule::reflect);
  const Resize resize({.rows = 4, .columns = 3});
  const ChannelAffine affine(Weights::from({2}, {1}), Weights{});
  for (const Op* op : std::vector<const Op*>{&relu, gelu.get(), &prelu, &pooling, &adaptive, &pad, &resize, &affine}) {
    const auto origin = channel_origin(*op, 5, channels);
    ASSERT_TRUE(origin.has_value()) << op->kind();
    EXPECT_EQ(origin->source, 0U);
    EXPECT_EQ(origin->begin, 0);
  }
  EXPECT_FALSE(channel_origin(Softmax(), 5, channels));
  EXPECT_FALSE(channel_origin(PixelShuffle(2, BlockOrder::channel_first, false), 1, channels));
  EXPECT_FALSE(channel_origin(LayerNorm(1e-5F, {}, {}), 5, channels));
  EXPECT_FALSE(channel_origin(GroupNorm(2, 1e-5F, {}, {}), 5, channels));
  EXPECT_FALSE(channel_origin(Add(), 5, std::vector<int64_t>{8, 8}));
  // Of one channel of each operand, and so of two.
  for (const std::vector<int64_t>& operands : {std::vector<int64_t>{8, 8}, {8, 1}, {1, 8}})
    EXPECT_FALSE(channel_origin(Binary(BinaryOperation::multiply), 5, operands));
}

// The operand's channel is the number less `begin`.
TEST(ChannelTrail, SlicesAndPermutationsMoveChannels) {
  const std::vector<int64_t> channels{8};
  for (const int64_t k : {0, 1, 2}) {
    const auto origin = channel_origin(ChannelRange(5, 3), k, channels);
    ASSERT_TRUE(origin.has_value());
    EXPECT_EQ(k - origin->begin, k + 5);
  }
  const std::vector<int64_t> order{3, 1, 7, 0, 2, 6, 5, 4};
  for (size_t k = 0; k < order.size(); ++k) {
    const auto origin = channel_origin(ChannelPermutation(order), static_cast<int64_t>(k), channels);
    ASSERT_TRUE(origin.has_value());
    EXPECT_EQ(static_cast<int64_t>(k) - origin->begin, order[k]);
  }
}

}  // namespace
}  // namespace phosphene::testing
