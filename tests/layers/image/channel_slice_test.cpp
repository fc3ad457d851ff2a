#include "layers/image/channel_slice.h"

#include "kernels/channel_slice.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::channel_slice_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

OpHarness channels(const Tensor& image, int64_t first, int64_t count, int threads = 2) {
  const auto build = [first, count](Graph& graph, const std::vector<ValueId>& operands) {
    return std::vector<ValueId>{append_channels(graph, operands[0], first, count)};
  };
  return {build, false, {planar(image.shape, image.data)}, threads};
}

// Copies: exact.
TEST(ChannelSlice, EqualNaiveLoops) {
  for (const Shape& shape : {Shape{2, 4, 5, 37}, Shape{1, 1, 1, 1}, Shape{3, 5, 2, 16}}) {
    const Tensor image(shape, random_numbers(shape.elements(), 1));
    for (int64_t first = 0; first < shape.c; ++first) {
      for (int64_t count = 1; first + count <= shape.c; ++count) {
        const Shape part{shape.n, count, shape.h, shape.w};
        Tensor expected(part), gradient(shape);
        const Tensor cotangent(part, random_numbers(part.elements(), 2));
        for (int64_t n = 0; n < shape.n; ++n)
          for (int64_t c = 0; c < count; ++c)
            for (int64_t p = 0; p < shape.h * shape.w; ++p) {
              expected.plane(n, c)[p] = image.plane(n, c + first)[p];
              gradient.plane(n, c + first)[p] = cotangent.plane(n, c)[p];
            }
        OpHarness harness = channels(image, first, count);
        EXPECT_TRUE(same_numbers(harness.forward(), expected.data));
        EXPECT_TRUE(same_numbers(harness.backward(cotangent.data)[0], gradient.data));
      }
    }
  }
}

// Multiples of 2^-10 moved by 1/64 of each other: linear, with roundings of eps of numbers up to 2 over a step of 1/64.
TEST(ChannelSlice, GradientIsTheAdjointAndTheDifference) {
  const Shape shape{2, 4, 5, 19};
  OpHarness harness = channels({shape, random_numbers(shape.elements(), 3)}, 1, 2);
  EXPECT_TRUE(harness.central_differences(1e-5));
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
}

TEST(ChannelSlice, PartsMakeTheWhole) {
  const Shape shape{2, 4, 3, 9};
  const std::vector<double> numbers = random_numbers(shape.elements(), 4);
  const auto apart_and_together = [](Graph& graph, const std::vector<ValueId>& operands) {
    return std::vector<ValueId>{
        append_together(graph, {append_channels(graph, operands[0], 0, 3), append_channels(graph, operands[0], 3, 1)})};
  };
  OpHarness harness(apart_and_together, false, {planar(shape, numbers)});
  EXPECT_TRUE(same_numbers(harness.forward(), numbers));
  EXPECT_TRUE(same_numbers(harness.backward(numbers)[0], numbers));
}

TEST(ChannelSlice, HaveTheSameBitsOnAnyThreadsAndAtEveryWidth) {
  const Shape shape{2, 3, 7, 149};
  const Tensor image(shape, random_numbers(shape.elements(), 5));
  EXPECT_EQ(channels(image, 1, 2, 1).forward(), channels(image, 1, 2, 3).forward());
  const std::vector<float> a = random_floats(shape.elements(), 6);
  for (const int offset : {1, -1}) {
    expect_same_bits_at_every_width(2 * 3 * 7, 149, shape.elements(), [&](auto& dst) {
      return CopyChannelSlice{a.data(), dst.data(), 3, 3, offset, 7, 149};
    });
  }
}

}  // namespace
}  // namespace phosphene::channel_slice_test
