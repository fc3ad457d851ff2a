// The widths of the bodies of image space, objectives and the optimiser.
#include <cmath>

#include "kernels/adam.h"
#include "kernels/alignment.h"
#include "kernels/blur_distance.h"
#include "kernels/blur_penalty.h"
#include "kernels/colour.h"
#include "kernels/distance_penalty.h"
#include "kernels/diversity.h"
#include "kernels/gradient_scale.h"
#include "kernels/layer_objective.h"
#include "kernels/momentum.h"
#include "kernels/reference_objective.h"
#include "kernels/style.h"
#include "kernels/total_variation.h"
#include "kernels/unit_objective.h"
#include "kernels/warp.h"
#include "kernels/whiten.h"
#include "tests/support/widths.h"

namespace phosphene {
namespace {

using testing::expect_same_bits_at_every_width;
using testing::random_floats;

constexpr int kW = 149;  // full chunks of every width, and a tail
constexpr int kH = 6;

TEST(Lanes, Colour) {
  const std::vector<float> a = random_floats(2 * 3 * kH * kW, 1), b = random_floats(2 * 3 * kH * kW, 2);
  const int64_t count = 2 * 3 * kH * kW;
  expect_same_bits_at_every_width(2 * kH, kW, count, [&](auto& dst) {
    return ColourToRgb<false>{a.data(), dst.data(), kH, kW};
  });
  expect_same_bits_at_every_width(2 * kH, kW, count, [&](auto& dst) {
    return ColourToRgbBackward<false>{a.data(), b.data(), dst.data(), kH, kW};
  });
  expect_same_bits_at_every_width(2 * kH, kW, count, [&](auto& dst) {
    return ColourToRgb<true>{a.data(), dst.data(), kH, kW};
  });
  expect_same_bits_at_every_width(2 * kH, kW, count, [&](auto& dst) {
    return ColourToRgbBackward<true>{a.data(), b.data(), dst.data(), kH, kW};
  });
  expect_same_bits_at_every_width(6 * kH, kW, count, [&](auto& dst) { return SquashPlane{a.data(), dst.data(), kW}; });
  expect_same_bits_at_every_width(6 * kH, kW, count, [&](auto& dst) {
    return SquashPlaneBackward{a.data(), b.data(), dst.data(), kW};
  });
}

TEST(Lanes, Whiten) {
  const std::vector<float> spectrum = random_floats(4 * kH * kW, 1), scale = random_floats(kH * kW, 2);
  expect_same_bits_at_every_width(4 * kH, kW, 4 * kH * kW, [&](auto& dst) {
    return ScaleSpectrum{spectrum.data(), scale.data(), dst.data(), kH, kW};
  });
}

template <Outside kOutside>
void expect_warp(const std::vector<double>& matrix, int c) {
  constexpr int kDstH = 7, kDstW = 153;
  const std::vector<float> src = random_floats(c * kH * kW, 1), grad_dst = random_floats(c * kDstH * kDstW, 2);
  expect_same_bits_at_every_width(kDstH, kDstW, c * kDstH * kDstW, [&](auto& dst) {
    return WarpImage<kOutside, float>{src.data(), matrix.data(), dst.data(),      c,           kH, kW, kDstH,
                                      kDstW,      255.F,         {104, 117, 123}, {2, 1, 0, 3}};
  });
  expect_same_bits_at_every_width(kH, kW, c * kH * kW, [&](auto& dst) {
    return WarpImageBackward<kOutside, float>{grad_dst.data(), matrix.data(), dst.data(), c,           kH, kW,
                                              kDstH,           kDstW,         255.F,      {2, 1, 0, 3}};
  });
}

TEST(Lanes, Warp) {
  const std::vector<std::vector<double>> matrices = {
      {0.97, 0.052, -1.3, -0.052, 0.97, 2.7}, {0.3, -0.4, 20., 0.4, 0.3, -9.1}, {2, 1, 3, 4, 2, 6}};
  for (const std::vector<double>& matrix : matrices) {
    for (const int c : {3, 4}) {
      expect_warp<Outside::constant>(matrix, c);
      expect_warp<Outside::reflect>(matrix, c);
    }
  }
}

TEST(Lanes, UnitObjective) {
  const std::vector<UnitRow> rows = {{.unit = 148, .weight = 0.3F}, {.unit = 3, .row = 1, .column = 2, .weight = -1}};
  expect_same_bits_at_every_width(2 * 6, kW, 2 * 6 * kW, [&](auto& dst) {
    return UnitValueBackward<float>{rows.data(), nullptr, dst.data(), kW, 2, 3};
  });
}

TEST(Lanes, GroupAndLayerObjectives) {
  const std::vector<float> src = random_floats(4 * 3 * kW, 1), coefficients = {3, 1, 0, 2, 4, 1, 0, 5};
  const std::vector<LayerRow> layers = {{0.3F}, {-2}, {1}, {1}};
  expect_same_bits_at_every_width(4 * 3, kW, 4 * 3 * kW, [&](auto& dst) {
    return LayerValueBackward<float>{src.data(), layers.data(), dst.data(), kW, 3};
  });
  const std::vector<AlignmentRow> pairs(4, AlignmentRow{0.7F, 1.5F});
  expect_same_bits_at_every_width(4 * 3, kW, 4 * 3 * kW, [&](auto& dst) {
    return AlignmentValueBackward<float>{src.data(), pairs.data(), dst.data(), kW, 3, 4};
  });
  const std::vector<float> reference = random_floats(4 * 3 * kW, 7), factors = random_floats(8, 8);
  expect_same_bits_at_every_width(4 * 3, kW, 4 * 3 * kW, [&](auto& dst) {
    return ReferenceBackward<float>{src.data(), reference.data(), factors.data(), dst.data(), 3, kW};
  });
  const std::vector<float> grams = random_floats(4 * kW * kW, 2);
  expect_same_bits_at_every_width(4 * kW, kW, 4 * kW * kW, [&](auto& dst) {
    return GramFactors<float>{coefficients.data(), grams.data(), dst.data(), kW, 2};
  });
  const std::vector<float> other_grams = random_floats(4 * kW * kW, 3);
  expect_same_bits_at_every_width(4 * kW, kW, 4 * kW * kW, [&](auto& dst) {
    return StyleFactors<StyleForm::l1, float>{grams.data(), other_grams.data(), coefficients.data(), dst.data(), kW};
  });
  expect_same_bits_at_every_width(4 * kW, kW, 4 * kW * kW, [&](auto& dst) {
    return StyleFactors<StyleForm::l2, float>{grams.data(), other_grams.data(), coefficients.data(), dst.data(), kW};
  });
}

TEST(Lanes, Penalties) {
  const std::vector<float> x = random_floats(2 * 3 * kH * kW, 1), distances = {3, 4};
  const std::vector<PenaltyRow> rows = {{-0.3F, 0.4F}, {1.7F, -0.1F}};
  const auto expect = [&](const auto& body) {
    expect_same_bits_at_every_width(6 * kH, kW, 6 * kH * kW, [&](auto& dst) {
      auto into = body;
      into.grad_src = dst.data();
      return into;
    });
  };
  expect(TotalVariationBackward{x.data(), rows.data(), nullptr, 3, kH, kW});
  expect(BlurBackward{x.data(), rows.data(), nullptr, 3, kH, kW});
  expect(DistanceBackward<false>{x.data(), nullptr, rows.data(), distances.data(), nullptr, 3 * kH, 1, kW});
  expect(DistanceBackward<true>{x.data(), nullptr, rows.data(), distances.data(), nullptr, 3 * kH, 1, kW});
  const std::vector<float> picture = random_floats(2 * 3 * kH * kW, 5);
  expect(DistanceBackward<true>{x.data(), picture.data(), rows.data(), distances.data(), nullptr, 3 * kH, 7, kW});
  expect(BlurDistanceBackward<1>{x.data(), rows.data(), picture.data(), nullptr, 3 * kH, kH, kW, kW, 0.5F, 0});
  expect(BlurDistanceBackward<2>{x.data(), rows.data(), picture.data(), nullptr, 3 * kH, kH, kW, 2, 1, 0.8F});
}

// What each width leaves in x; m and v lie in x's recurrence, so their bits show there.
template <bool kWhitened, bool kNesterov>
void expect_adam() {
  const std::vector<float> grad = random_floats(4 * kH * kW, 1), scale = random_floats(kH * kW, 2),
                           factors = {0.05F, 1.3F, 0.02F};
  const std::vector<int64_t> latch(2);
  std::vector<float> m, v;
  expect_same_bits_at_every_width(4 * kH, kW, 4 * kH * kW, [&](auto& dst) {
    dst = random_floats(4 * kH * kW, 3);
    m = random_floats(4 * kH * kW, 4);
    v = random_floats(4 * kH * kW, 5);
    for (float& number : v) number = std::abs(number);
    return AdamUpdate<kWhitened, kNesterov>{grad.data(),
                                            factors.data(),
                                            latch.data(),
                                            scale.data(),
                                            dst.data(),
                                            m.data(),
                                            v.data(),
                                            2 * kH,
                                            kW,
                                            kH,
                                            MovingAverage::of(0.9),
                                            MovingAverage::of(0.999),
                                            1e-8F};
  });
}

TEST(Lanes, Adam) {
  expect_adam<false, false>();
  expect_adam<true, false>();
  expect_adam<false, true>();
  expect_adam<true, true>();
}

template <bool kSign>
void expect_momentum() {
  const std::vector<float> grad = random_floats(4 * kH * kW, 1), factors = {0.05F};
  const std::vector<int64_t> latch(2);
  std::vector<float> m;
  expect_same_bits_at_every_width(4 * kH, kW, 4 * kH * kW, [&](auto& dst) {
    dst = random_floats(4 * kH * kW, 3);
    m = random_floats(4 * kH * kW, 4);
    return MomentumUpdate<kSign>{grad.data(), factors.data(), latch.data(), dst.data(), m.data(), 2 * kH, kW, 0.9F};
  });
}

TEST(Lanes, Momentum) {
  expect_momentum<false>();
  expect_momentum<true>();
}

TEST(Lanes, GradientScale) {
  const std::vector<float> grad = random_floats(4 * kH * kW, 1), squares = {3.3F, 200.F};
  for (const float limit : {0.F, 2.F}) {
    expect_same_bits_at_every_width(4 * kH, kW, 4 * kH * kW, [&](auto& dst) {
      return ScaleGradient{grad.data(), squares.data(), dst.data(), 2 * kH, kW, limit};
    });
  }
}

}  // namespace
}  // namespace phosphene
