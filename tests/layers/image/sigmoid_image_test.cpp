#include "layers/image/sigmoid_image.h"

#include <cmath>

#include "kernels/sigmoid_image.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::sigmoid_image_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

OpHarness harness_of(const Shape& shape, const std::vector<double>& nchw, int threads = 2) {
  return {std::make_shared<SigmoidImage>(), {channels_last(shape, nchw)}, threads};
}

// An exponential to 2 units in the last place, a sum and a division; three products backward: fewer than 16 roundings. The
// harness speaks N C H W on both sides, so a number that landed elsewhere would show.
TEST(SigmoidImage, EqualsNaiveLoops) {
  for (const Shape& shape : {Shape{1, 3, 1, 1}, Shape{2, 3, 5, 37}, Shape{3, 5, 4, 16}, Shape{2, 1, 3, 9}}) {
    SCOPED_TRACE(to_string(shape));
    const std::vector<double> src = random_numbers(shape.elements(), 1, -4, 4),
                              cotangent = random_numbers(shape.elements(), 2);
    std::vector<double> dst, grad_src;
    for (size_t i = 0; i < src.size(); ++i) {
      dst.push_back(1 / (1 + std::exp(-src[i])));
      grad_src.push_back(cotangent[i] * dst[i] * (1 - dst[i]));
    }
    OpHarness harness = harness_of(shape, src);
    EXPECT_TRUE(near_largest(harness.forward(), dst, 16 * 0x1p-24));
    EXPECT_TRUE(near_largest(harness.backward(cotangent)[0], grad_src, 16 * 0x1p-24));
  }
}

// Third derivatives of the sigmoid are below 1/8: a step of 1/64 is off by h^2 / 48 = 5e-6 where the first is at least .1, and the
// cancellation of values near 1 by 1e-7 / (1/64) = 8e-6.
TEST(SigmoidImage, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 3, 5, 19};
  OpHarness harness = harness_of(shape, random_numbers(shape.elements(), 3, -1, 1));
  EXPECT_TRUE(harness.central_differences(2e-4));
  EXPECT_TRUE(harness.adjoint_identity(2e-4, 0x1p-6));
}

TEST(SigmoidImage, HasTheSameBitsOnAnyThreadsAndAtEveryWidth) {
  const Shape shape{2, 3, 7, 149};
  const std::vector<double> src = random_numbers(shape.elements(), 4);
  OpHarness one = harness_of(shape, src, 1), three = harness_of(shape, src, 3);
  EXPECT_EQ(one.forward(), three.forward());
  EXPECT_EQ(one.backward(src), three.backward(src));
  const std::vector<float> a = random_floats(shape.elements(), 5), b = random_floats(shape.elements(), 6);
  expect_same_bits_at_every_width(2 * 3 * 7, 149, shape.elements(), [&](auto& dst) {
    return SquashToPlanar{a.data(), dst.data(), 3, 7, 149};
  });
  expect_same_bits_at_every_width(2 * 3 * 7, 149, shape.elements(), [&](auto& dst) {
    return SquashToPlanarBackward{a.data(), b.data(), dst.data(), 3, 7, 149};
  });
}

}  // namespace
}  // namespace phosphene::sigmoid_image_test
