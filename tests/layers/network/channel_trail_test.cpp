#include "layers/network/channel_trail.h"

#include <gtest/gtest.h>

#include <vector>

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
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

TEST(ChannelTrail, ReluAndPoolingKeepChannelsAndOtherOpsEndTheTrail) {
  const std::vector<int64_t> channels{8};
  const Relu relu;
  const Pooling pooling(PoolingKind::max, WindowAttributes{}, PoolingDivisor::padded, false);
  for (const Op* op : {static_cast<const Op*>(&relu), static_cast<const Op*>(&pooling)}) {
    const auto origin = channel_origin(*op, 5, channels);
    ASSERT_TRUE(origin.has_value()) << op->kind();
    EXPECT_EQ(origin->source, 0U);
    EXPECT_EQ(origin->begin, 0);
  }
  EXPECT_FALSE(channel_origin(Softmax(), 5, channels));
  EXPECT_FALSE(channel_origin(Add(), 5, std::vector<int64_t>{8, 8}));
}

}  // namespace
}  // namespace phosphene::testing
