// The network's row bodies at every width.
#include "kernels/accumulate.h"
#include "kernels/bias.h"
#include "kernels/concat.h"
#include "kernels/leaky_relu.h"
#include "kernels/linear.h"
#include "kernels/lrn.h"
#include "kernels/pooling.h"
#include "kernels/relu.h"
#include "tests/support/widths.h"

namespace phosphene {
namespace {

using testing::expect_same_bits_at_every_width;
using testing::OnThisThread;
using testing::random_floats;

constexpr int64_t kC = 149;  // full chunks of every width, and a tail
constexpr int64_t kRows = 6;

TEST(Lanes, ElementWiseBodies) {
  const std::vector<float> a = random_floats(kRows * kC, 1), b = random_floats(kRows * kC, 2),
                           mask = random_floats(kRows * kC, 3);
  expect_same_bits_at_every_width(kRows, kC, kRows * kC, [&](auto& dst) {
    return Rectify<float>{a.data(), dst.data(), kC};
  });
  expect_same_bits_at_every_width(kRows, kC, kRows * kC, [&](auto& dst) {
    return LeakyRectify<float>{a.data(), dst.data(), kC, 0.2F};
  });
  expect_same_bits_at_every_width(kRows, kC, kRows * kC, [&](auto& dst) {
    return LeakyRectifyBackward<float>{a.data(), b.data(), dst.data(), kC, 0.2F};
  });
  expect_same_bits_at_every_width(kRows, kC, kRows * kC, [&](auto& dst) {
    return AddBias<false, float>{a.data(), b.data(), dst.data(), kC};
  });
  expect_same_bits_at_every_width(kRows, kC, kRows * (kC + 5), [&](auto& dst) {
    return CopyChannels<float>{a.data(), dst.data(), kC, kC + 5, 3};
  });
  expect_same_bits_at_every_width(kRows, kC - 9, kRows * (kC - 9), [&](auto& dst) {
    return SumSlices<true, float>{{a.data(), b.data()}, mask.data(), dst.data(), 2, kC, kC - 9, 4};
  });
}

TEST(Lanes, Pooling) {
  const PoolingGeometry g{5, 6, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1, kC, true};
  const std::vector<float> src = random_floats(5 * 6 * kC, 1), grad_dst = random_floats(3 * 3 * kC, 2);
  std::vector<unsigned char> chosen(static_cast<size_t>(3 * 3 * kC));
  expect_same_bits_at_every_width(3 * 3, kC, 3 * 3 * kC, [&](auto& dst) {
    return MaxPooling<float>{src.data(), dst.data(), chosen.data(), g};
  });
  expect_same_bits_at_every_width(3 * 3, kC, 3 * 3 * kC, [&](auto& dst) {
    return AveragePooling<float>{src.data(), dst.data(), g};
  });
  expect_same_bits_at_every_width(5 * 6, kC, 5 * 6 * kC, [&](auto& dst) {
    return PoolingBackward<true, float>{grad_dst.data(), chosen.data(), dst.data(), g};
  });
  expect_same_bits_at_every_width(5 * 6, kC, 5 * 6 * kC, [&](auto& dst) {
    return PoolingBackward<false, float>{grad_dst.data(), nullptr, dst.data(), g};
  });
}

template <LrnPower kPower>
void expect_lrn(float beta, int64_t c) {
  const std::vector<float> src = random_floats(kRows * c, 1), grad_dst = random_floats(kRows * c, 2);
  std::vector<float> kept(src.size()), normalised(src.size());
  expect_same_bits_at_every_width(kRows, static_cast<int>(c), kRows * c, [&](auto& dst) {
    return NormaliseResponse<kPower, float>{src.data(), dst.data(), kept.data(), c, 2, 0.3F, beta, 1.F};
  });
  launch_rows(OnThisThread{}, kRows, static_cast<int>(c),
              NormaliseResponse<kPower, float>{src.data(), normalised.data(), kept.data(), c, 2, 0.3F, beta, 1.F});
  expect_same_bits_at_every_width(kRows, static_cast<int>(c), kRows * c, [&](auto& dst) {
    return NormaliseResponseBackward<kPower, float>{
        grad_dst.data(), src.data(), normalised.data(), kept.data(), dst.data(), c, 2, 0.3F, beta};
  });
}

TEST(Lanes, Lrn) {
  for (const int64_t c : {149, 20, 3}) {
    expect_lrn<LrnPower::three_quarters>(0.75F, c);
    expect_lrn<LrnPower::half>(0.5F, c);
    expect_lrn<LrnPower::any>(0.6F, c);
  }
}

TEST(Lanes, Linear) {
  constexpr int64_t kInputs = 200;
  const std::vector<float> src = random_floats(2 * kInputs, 1), matrix = random_floats(kInputs * kC, 2),
                           bias = random_floats(kC, 3);
  expect_same_bits_at_every_width(2, kC, 2 * kC, [&](auto& dst) {
    return ApplyMatrix<float>{src.data(), matrix.data(), bias.data(), dst.data(), kInputs, kC};
  });
}

}  // namespace
}  // namespace phosphene
