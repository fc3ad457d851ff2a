#include "layers/image/upsample.h"

#include <cmath>
#include <functional>

#include "kernels/upsample.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"
#include "tests/support/widths.h"

namespace phosphene::upsample_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles
using reference::Tensor;

// Calls visit(tap, weight) for the two taps of element t, as the golden index states it.
void for_each_tap(int64_t t, int64_t in, int64_t out, int64_t offset,
                  const std::function<void(int64_t, double)>& visit) {
  const int64_t shifted = t < offset ? offset - 1 - t : t - offset;
  const double source = static_cast<double>(shifted) * static_cast<double>(in) / static_cast<double>(out);
  const auto lower = static_cast<int64_t>(source);
  const double upper_weight = source - static_cast<double>(lower);
  visit(lower, 1 - upper_weight);
  visit(std::min(lower + 1, in - 1), upper_weight);
}

// Calls visit(index in the level, index in the images, weight) for every pair.
void for_each_weight(const Shape& level, const Shape& image, int64_t group, const UpsampleLevelShape& how,
                     const std::function<void(size_t, size_t, double)>& visit) {
  const Tensor from(level), to(image);
  for (int64_t n = 0; n < image.n; ++n)
    for (int64_t c = 0; c < image.c; ++c)
      for (int64_t y = 0; y < image.h; ++y)
        for (int64_t x = 0; x < image.w; ++x)
          for_each_tap(n % group, how.tensors, group, how.offset_images, [&](int64_t k, double of_image) {
            for_each_tap(y, level.h, image.h, how.offset_rows, [&](int64_t v, double of_row) {
              for_each_tap(x, level.w, image.w, how.offset_columns, [&](int64_t u, double of_column) {
                visit(static_cast<size_t>(from.index(n / group * how.tensors + k, c, v, u)),
                      static_cast<size_t>(to.index(n, c, y, x)), of_image * of_row * of_column);
              });
            });
          });
}

struct Case {
  Shape image;
  int64_t group;
  UpsampleLevelShape level;
};

std::vector<Case> cases() {
  return {{{1, 3, 16, 16}, 1, {1, 2}}, {{2, 1, 12, 10}, 1, {1, 8}}, {{6, 2, 7, 9}, 6, {2, 3}},
          {{6, 2, 7, 9}, 3, {1, 4}},   {{8, 1, 5, 37}, 4, {3, 2}},  {{4, 1, 9, 21}, 4, {2, 4, 1, 2, 3}},
          {{2, 2, 8, 8}, 1, {1, 1}},   {{4, 1, 3, 5}, 2, {2, 16}},  {{3, 1, 10, 40}, 3, {3, 3, 0, 0, 5}}};
}

// Forward: three interpolations of two products. Backward: sums of up to 8 divisor^2 images terms, twice in a row, each
// weight itself rounded four times.
TEST(Upsample, EqualsNaiveLoops) {
  for (const Case& one : cases()) {
    const Shape level = level_info(one.image, one.group, one.level).shape;
    const Tensor src(level, random_numbers(level.elements(), 1)),
        cotangent(one.image, random_numbers(one.image.elements(), 2));
    Tensor expected(one.image), gradient(level);
    for_each_weight(level, one.image, one.group, one.level, [&](size_t from, size_t to, double weight) {
      expected.data[to] += weight * src.data[from];
      gradient.data[from] += weight * cotangent.data[to];
    });
    OpHarness harness(make_upsample(one.image, one.group, one.level), {planar(level, src.data)});
    EXPECT_TRUE(near_largest(harness.forward(), expected.data, 12 * 0x1p-24)) << to_string(one.image);
    const double terms = 8.0 * static_cast<double>(one.image.elements()) / static_cast<double>(level.elements());
    EXPECT_TRUE(near_largest(harness.backward(cotangent.data)[0], gradient.data, (8 + 4 * std::sqrt(terms)) * 0x1p-24))
        << to_string(one.image);
  }
}

// Linear: only the roundings of values of size 2 over a step of 1/2.
TEST(Upsample, GradientIsTheAdjointAndTheDifference) {
  for (const Case& one : cases()) {
    const Shape level = level_info(one.image, one.group, one.level).shape;
    OpHarness harness(make_upsample(one.image, one.group, one.level),
                      {planar(level, random_numbers(level.elements(), 3))});
    EXPECT_TRUE(harness.adjoint_identity(2e-6)) << to_string(one.image);
    EXPECT_TRUE(harness.central_differences(1e-5, 0.5, 100)) << to_string(one.image);
  }
}

// A sum of levels, each an op of its own. The table's tolerance for float32.
TEST(Upsample, EqualsTheGoldenTable) {
  const nlohmann::json table = golden_table("parameterization").at("lowres").at("cases");
  ASSERT_EQ(table.size(), 5U);
  for (const nlohmann::json& golden : table) {
    const std::vector<int64_t> dims = golden.at("shape");
    const Shape image{dims[0], dims[1], dims[2], dims[3]};
    const Array cotangent = to_array(golden.at("cotangent"));
    std::vector<double> sum(static_cast<size_t>(image.elements()));
    for (size_t i = 0; i < golden.at("levels").size(); ++i) {
      const Array level = to_array(golden.at("levels").at(i));
      // Not all have one divisor for both axes, so the problem is set by its axes.
      const Shape shape = level.shape();
      const auto axis = [](int64_t in, int64_t out) {
        return UpsampledAxis{static_cast<int>(in), static_cast<int>(out), 0};
      };
      OpHarness harness(
          make_upsample({shape, image, axis(shape.n, image.n), axis(shape.h, image.h), axis(shape.w, image.w)}),
          {planar(shape, level.data)});
      const std::vector<double> enlarged = harness.forward();
      for (size_t p = 0; p < sum.size(); ++p) sum[p] += enlarged[p];
      EXPECT_TRUE(near_largest(harness.backward(cotangent.data)[0], to_array(golden.at("gradients").at(i)).data, 1e-5))
          << golden.at("name") << i;
    }
    EXPECT_TRUE(near_largest(sum, to_array(golden.at("output")).data, 1e-5)) << golden.at("name");
  }
}

TEST(Upsample, OffsetEqualsTheGoldenTable) {
  const nlohmann::json golden = golden_table("parameterization").at("lowres_offset");
  const Array level = to_array(golden.at("level"));
  const std::vector<int> offset = golden.at("offset");
  const Shape image = to_array(golden.at("output")).shape();
  const auto enlarged = [&](int rows, int columns) {
    return OpHarness(make_upsample({level.shape(), image, {1, 1, 0}, {2, 4, rows}, {3, 6, columns}}),
                     {planar(level.shape(), level.data)})
        .forward();
  };
  EXPECT_TRUE(near_largest(enlarged(0, 0), to_array(golden.at("without_offset")).data, 1e-5));
  EXPECT_TRUE(near_largest(enlarged(offset[2], offset[3]), to_array(golden.at("output")).data, 1e-5));
}

// Groups do not see each other, nor the number of threads.
TEST(Upsample, DoesNotDependOnThreadsOrOtherGroups) {
  const Shape two{6, 3, 40, 50}, one{3, 3, 40, 50};
  const UpsampleLevelShape level{2, 4};
  const Shape shape = level_info(two, 3, level).shape;
  const std::vector<double> src = random_numbers(shape.elements(), 1), g = random_numbers(two.elements(), 2);
  const auto half = [](const std::vector<double>& all, int64_t which) {
    const auto size = std::ssize(all) / 2;
    return std::vector<double>(all.begin() + which * size, all.begin() + (which + 1) * size);
  };
  OpHarness both(make_upsample(two, 3, level), {planar(shape, src)}, 3);
  const std::vector<double> dst = both.forward(), gradient = both.backward(g)[0];
  for (int64_t which = 0; which < 2; ++which) {
    OpHarness alone(make_upsample(one, 3, level), {planar(level_info(one, 3, level).shape, half(src, which))}, 1);
    EXPECT_EQ(alone.forward(), half(dst, which));
    EXPECT_EQ(alone.backward(half(g, which))[0], half(gradient, which));
  }
}

TEST(Upsample, HasTheSameBitsAtEveryWidth) {
  const UpsampledAxis images{2, 4, 1}, rows{3, 7, 0}, columns{37, 149, 2};
  const std::vector<float> level = random_floats(2 * 3 * 37, 1), g = random_floats(4 * 7 * 149, 2),
                           sums = random_floats(4 * 7 * 37, 3);
  expect_same_bits_at_every_width(
      4 * 7, 149, 4 * 7 * 149, [&](auto& dst) { return Upsample{level.data(), dst.data(), images, rows, columns, 1}; });
  expect_same_bits_at_every_width(4 * 7, 37, 4 * 7 * 37, [&](auto& dst) {
    return UpsampleBackwardColumns{g.data(), dst.data(), columns};
  });
  expect_same_bits_at_every_width(2 * 3, 37, 2 * 3 * 37, [&](auto& dst) {
    return UpsampleBackwardRows{sums.data(), dst.data(), images, rows, 1, 37};
  });
}

// A draw belongs to a level, a seed and a purpose.
TEST(Upsample, StartsDifferByLevelSeedAndPurpose) {
  const TensorInfo info{{2, 3, 4, 5}, Layout::planar, DType::f32};
  const std::vector<DrawKey> keys = {{7, 0}, {8, 0}};
  const auto drawn = [&](uint32_t level, DrawPurpose purpose) {
    return initial_level(info, keys, purpose, level, 0.01);
  };
  const std::vector<float> first = drawn(0, DrawPurpose::initial_levels);
  EXPECT_NE(first, drawn(1, DrawPurpose::initial_levels));
  EXPECT_NE(first, drawn(0, DrawPurpose::initial_shared_levels));
  EXPECT_NE(std::vector<float>(first.begin(), first.begin() + 60), std::vector<float>(first.begin() + 60, first.end()));
  const std::vector<float> alone = initial_level({{1, 3, 4, 5}, Layout::planar, DType::f32}, std::span(keys).subspan(1),
                                                 DrawPurpose::initial_levels, 0, 0.01);
  EXPECT_TRUE(same_bits(alone, {first.begin() + 60, first.end()})) << "whatever stands beside it in a batch";
}

}  // namespace
}  // namespace phosphene::upsample_test
