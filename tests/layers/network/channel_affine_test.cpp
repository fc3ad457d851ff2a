#include "layers/network/channel_affine.h"

#include "runtime/error.h"
#include "tests/layers/network/arithmetic.h"
#include "tests/reference/arithmetic_ops.h"

namespace phosphene::channel_affine_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(const Weights& factor, const Weights& shift, Tensor src) {
  return {std::make_shared<ChannelAffine>(factor, shift),
          {std::move(src)},
          [=](const auto& s) { return reference::channel_affine(s[0], factor, shift); },
          [=](const Tensor& grad_dst, const auto& /*s*/) {
            return std::vector<Tensor>{reference::channel_affine(grad_dst, factor, Weights{})};
          }};
}

// Each, one and none of the two, but for none of both.
std::vector<std::pair<Weights, Weights>> constants(int64_t c) {
  const Weights factor = random_weights({c}, 5), shift = random_weights({c, 1, 1}, 6);
  const Weights half = Weights::from({0.5F}, {1}), three = Weights::from({3}, {});
  return {{factor, shift}, {factor, three}, {factor, {}}, {half, shift},
          {half, three},   {half, {}},      {{}, shift},  {{}, three}};
}

// Rounded once, the gradient too.
TEST(ChannelAffine, EqualsNaiveLoops) {
  for (const Shape& map : {Shape{3, 1, 2, 3}, Shape{2, 3, 4, 3}, Shape{2, 17, 3, 5}, Shape{3, 19, 1, 1},
                           Shape{1, 2048, 2, 2}, Shape{2, 36, 5, 3}}) {
    for (const auto& [factor, shift] : constants(map.c)) {
      SCOPED_TRACE(to_string(map));
      expect_naive(naive(factor, shift, random_tensor(map, 1)), kEps);
    }
  }
}

// Linear, and exact but for the sums of the check itself.
TEST(ChannelAffine, GradientIsTheAdjointAndTheDifference) {
  for (const auto& [factor, shift] : constants(19)) {
    OpHarness harness = harness_of(naive(factor, shift, random_tensor({2, 19, 3, 2}, 1)));
    EXPECT_TRUE(harness.adjoint_identity(1e-6));
    EXPECT_TRUE(harness.central_differences(1e-6, 0.5));
  }
}

// Factor and shift were computed in double precision and are rounded once, as is the result: up to three times 2^-24 of the largest.
TEST(ChannelAffine, EqualsTheGoldenTable) {
  const auto cases = golden_arithmetic("channel affine");
  ASSERT_EQ(cases.size(), 1U);
  for (const nlohmann::json& golden : cases) {
    expect_golden(std::make_shared<ChannelAffine>(golden_weights(golden, "factor"), golden_weights(golden, "shift")),
                  golden, {"input"}, 3 * kEps);
  }
}

// The result is rounded once more, by at most 2^-8 of itself.
TEST(ChannelAffine, ComputesInBfloat16) {
  for (const auto& [factor, shift] : constants(19)) {
    expect_naive(in_bf16(naive(factor, shift, random_tensor({2, 19, 3, 5}, 1))), 0x1p-8 + kEps);
    if (factor.data != nullptr) expect_adjoint_in_bf16(in_bf16(naive(factor, {}, random_tensor({2, 19, 3, 5}, 1))));
  }
}

TEST(ChannelAffine, DoesNotDependOnThreadsOrBatch) {
  for (const auto& [factor, shift] : constants(150))
    expect_same_bits_for_threads_and_batches(naive(factor, shift, random_tensor({3, 150, 9, 8}, 1)));
}

// 1 + 2^-12 squared minus itself twice: only a product that is not rounded before the sum gives 2^-24.
TEST(ChannelAffine, RoundsOnce) {
  const float x = 1 + 0x1p-12F;
  OpHarness harness(std::make_shared<ChannelAffine>(Weights::from({x}, {1}), Weights::from({-(1 + 0x1p-11F)}, {1})),
                    {channels_last({1, 3, 1, 1}, {x, x, x})});
  EXPECT_EQ(harness.forward(), std::vector<double>(3, 0x1p-24));
}

TEST(ChannelAffine, KeepsTheSignOfZeroWithoutAShift) {
  OpHarness harness(std::make_shared<ChannelAffine>(Weights::from({2}, {1}), Weights{}),
                    {channels_last({1, 2, 1, 1}, {-0.0, 0.0})});
  const std::vector<double> dst = harness.forward();
  EXPECT_TRUE(std::signbit(dst[0]) && !std::signbit(dst[1]));
}

TEST(ChannelAffine, OfSomeChannelsHasTheirNumbers) {
  const Shape map{2, 19, 2, 3};
  const Tensor src = random_tensor(map, 1);
  for (const auto& [factor, shift] : constants(map.c)) {
    const auto op = std::make_shared<ChannelAffine>(factor, shift);
    Tensor some({map.n, 5, map.h, map.w});
    for (int64_t n = 0; n < map.n; ++n) std::copy_n(src.plane(n, 11), some.data.size() / 2, some.plane(n, 0));
    OpHarness whole(op, {channels_last(map, src.data)}),
        part(op->channels(11, 5), {channels_last(some.shape, some.data)});
    const Tensor dst(map, whole.forward());
    const std::vector<double> dst_part = part.forward();
    for (size_t i = 0; i < dst_part.size(); ++i) {
      const size_t half = dst_part.size() / 2;
      EXPECT_EQ(dst_part[i], dst.plane(static_cast<int64_t>(i / half), 11)[i % half]);
    }
  }
}

TEST(ChannelAffine, RefusesOtherCounts) {
  const std::vector<TensorInfo> src{{{1, 6, 2, 2}}};
  EXPECT_THROW(static_cast<void>(ChannelAffine(random_weights({5}, 1), {}).infer(src)), Error);
  EXPECT_THROW(static_cast<void>(ChannelAffine({}, random_weights({7}, 1)).infer(src)), Error);
  EXPECT_THROW(ChannelAffine({}, {}), Error);
}

}  // namespace
}  // namespace phosphene::channel_affine_test
