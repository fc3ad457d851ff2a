// The kernels that a backend puts around its libraries or in their place, on the CPU's launcher.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "kernels/launch_cpu.h"
#include "runtime/launches/around_library.h"
#include "tests/support/widths.h"

namespace phosphene {
namespace {

using testing::OnThisThread;
using testing::random_floats;

struct Launcher {
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    launch_rows(OnThisThread{}, count, elements, body);
  }
};

template <class Step>
void run(const Step& step, std::initializer_list<const std::vector<float>*> src, std::vector<float>& dst) {
  std::vector<std::byte*> pointers;
  for (const auto* numbers : src) pointers.push_back(reinterpret_cast<std::byte*>(const_cast<float*>(numbers->data())));
  pointers.push_back(reinterpret_cast<std::byte*>(dst.data()));
  launch(Launcher{}, step, Operands{pointers, nullptr});
}

// What a library's complex-to-real transform computes of a packed spectrum: all columns count twice but the first and last, whose
// imaginary parts along the rows it never looks at.
std::vector<double> complex_to_real(const std::vector<float>& packed, int64_t h, int64_t k) {
  const int64_t w = 2 * (k - 1);
  std::vector<double> image(static_cast<size_t>(h * w));
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      double sum = 0;
      for (int64_t kx = 0; kx < k; ++kx) {
        std::complex<double> column = 0;
        for (int64_t ky = 0; ky < h; ++ky) {
          const auto at = static_cast<size_t>(2 * (ky * k + kx));
          const double angle = 2 * std::numbers::pi * static_cast<double>(y * ky) / static_cast<double>(h);
          column += std::complex<double>(packed[at], packed[at + 1]) * std::polar(1., angle);
        }
        const double angle = 2 * std::numbers::pi * static_cast<double>(x * kx) / static_cast<double>(w);
        const bool edge = kx == 0 || kx == k - 1;
        if (edge) {
          EXPECT_NEAR(column.imag(), 0, 1e-4) << "not Hermitian along the rows";
        }
        sum += edge ? column.real() * std::cos(angle) : 2 * (column * std::polar(1., angle)).real();
      }
      image[static_cast<size_t>(y * w + x)] = sum;
    }
  }
  return image;
}

// The same as runtime/problems/image.h defines it, InverseFourierProblem, of our layout.
std::vector<double> definition(const std::vector<float>& spectrum, int64_t h, int64_t k) {
  const int64_t w = 2 * (k - 1);
  std::vector<double> image(static_cast<size_t>(h * w));
  for (int64_t y = 0; y < h; ++y) {
    for (int64_t x = 0; x < w; ++x) {
      double& sum = image[static_cast<size_t>(y * w + x)];
      for (int64_t ky = 0; ky < h; ++ky) {
        for (int64_t kx = 0; kx < k; ++kx) {
          const std::complex<double> z(spectrum[static_cast<size_t>(ky * k + kx)],
                                       spectrum[static_cast<size_t>((h + ky) * k + kx)]);
          const double turns = static_cast<double>(y * ky) / static_cast<double>(h) +
                               static_cast<double>(x * kx) / static_cast<double>(w);
          sum += (kx == 0 || kx == k - 1 ? 1 : 2) * (z * std::polar(1., 2 * std::numbers::pi * turns)).real();
        }
      }
    }
  }
  return image;
}

class HalfSpectrum : public ::testing::TestWithParam<int64_t> {};

TEST_P(HalfSpectrum, PackedIsWhatTheDefinitionTakesOfIt) {
  const int64_t h = GetParam(), k = 5;
  const std::vector<float> spectrum = random_floats(2 * h * k, 1);
  std::vector<float> packed(spectrum.size(), -7.F);
  run(PackHalfSpectrumStep{{1, 1, 2 * h, k}}, {&spectrum}, packed);
  const std::vector<double> expected = definition(spectrum, h, k);
  const std::vector<double> image = complex_to_real(packed, h, k);
  // Averages of two floats are rounded once: 2^-24 of a term, of which 4 H K are summed with weights up to 2.
  for (size_t i = 0; i < image.size(); ++i) EXPECT_NEAR(image[i], expected[i], 1e-5);
}

// <C pack(z), x> = <z, unpack(R x)>, with C and R the library's transforms.
TEST_P(HalfSpectrum, UnpackIsTheTranspose) {
  const int64_t h = GetParam(), k = 4, w = 2 * (k - 1);
  const std::vector<float> z = random_floats(2 * h * k, 1), x = random_floats(h * w, 2);
  std::vector<float> packed(z.size()), real_to_complex(z.size()), gradient(z.size());
  run(PackHalfSpectrumStep{{1, 1, 2 * h, k}}, {&z}, packed);
  for (int64_t ky = 0; ky < h; ++ky) {
    for (int64_t kx = 0; kx < k; ++kx) {
      std::complex<double> sum = 0;
      for (int64_t y = 0; y < h; ++y) {
        for (int64_t c = 0; c < w; ++c) {
          const double turns = static_cast<double>(y * ky) / static_cast<double>(h) +
                               static_cast<double>(c * kx) / static_cast<double>(w);
          sum += static_cast<double>(x[static_cast<size_t>(y * w + c)]) * std::polar(1., -2 * std::numbers::pi * turns);
        }
      }
      real_to_complex[static_cast<size_t>(2 * (ky * k + kx))] = static_cast<float>(sum.real());
      real_to_complex[static_cast<size_t>(2 * (ky * k + kx) + 1)] = static_cast<float>(sum.imag());
    }
  }
  run(UnpackHalfSpectrumStep{{1, 1, 2 * h, k}}, {&real_to_complex}, gradient);
  const std::vector<double> image = complex_to_real(packed, h, k);
  double left = 0, right = 0;
  for (size_t i = 0; i < x.size(); ++i) left += image[i] * static_cast<double>(x[i]);
  for (size_t i = 0; i < z.size(); ++i) right += static_cast<double>(z[i]) * static_cast<double>(gradient[i]);
  EXPECT_NEAR(left, right,
              1e-5 * std::abs(left) + 1e-5);  // sums of some 200 products of numbers around 1, rounded to float once
}

INSTANTIATE_TEST_SUITE_P(Rows, HalfSpectrum, ::testing::Values(1, 2, 5, 8));

TEST(AddBias, AddsRectifiesAndCaps) {
  const Shape shape{1, 5, 2, 3};
  const std::vector<float> src = random_floats(shape.elements(), 1), bias = random_floats(5, 2);
  for (const bool biased : {false, true}) {
    for (const bool relu : {false, true}) {
      for (const float ceiling : {0.5F, std::numeric_limits<float>::infinity()}) {
        std::vector<float> dst(src.size(), -7.F);
        run(AddBiasStep{shape, biased, relu, ceiling}, {&src, &bias}, dst);
        for (size_t i = 0; i < src.size(); ++i) {
          const float sum = src[i] + (biased ? bias[i % 5] : 0.F);
          EXPECT_EQ(dst[i], relu ? std::min(std::max(sum, 0.F), ceiling) : sum);
        }
      }
    }
  }
}

TEST(AroundLibrary, SameBitsAtEveryWidth) {
  constexpr int kC = 149;
  const std::vector<float> src = random_floats(6 * kC, 1), bias = random_floats(kC, 2);
  testing::expect_same_bits_at_every_width(6, kC, 6 * kC, [&](auto& dst) {
    return AddBias<true, float>{src.data(), bias.data(), dst.data(), kC};
  });
  const std::vector<float> spectrum = random_floats(2 * 6 * kC, 3);
  testing::expect_same_bits_at_every_width(6, kC, 2 * 6 * kC, [&](auto& dst) {
    return PackHalfSpectrum{spectrum.data(), dst.data(), 6, kC};
  });
  testing::expect_same_bits_at_every_width(6, kC, 2 * 6 * kC, [&](auto& dst) {
    return UnpackHalfSpectrum{spectrum.data(), dst.data(), 6, kC};
  });
}

// Whole chunks and a tail, positions at every edge; the formula itself is tested with the layers (convolution_forms_test.cpp).
TEST(Depthwise, SameBitsAtEveryWidth) {
  constexpr int kC = 149, kImages = 2, kSide = 6;
  const std::vector<float> weights = random_floats(9 * kC, 1), bias = random_floats(kC, 2);
  for (const int stride : {1, 2}) {
    for (const int dilation : {1, 2}) {
      const int out = (kSide + 2 * dilation - 2 * dilation - 1) / stride + 1;
      const DepthwiseGeometry g{kSide,  kSide,    out,      out,      3,        3, stride,
                                stride, dilation, dilation, dilation, dilation, kC};
      const int64_t src_positions = kImages * kSide * kSide, dst_positions = kImages * out * out;
      const std::vector<float> src = random_floats(src_positions * kC, 3),
                               grad_dst = random_floats(dst_positions * kC, 4);
      const std::vector<float> addend = random_floats(src_positions * kC, 5);
      for (const bool more : {false, true}) {
        testing::expect_same_bits_at_every_width(dst_positions, kC, dst_positions * kC, [&](auto& dst) {
          return DepthwiseForward<float>{src.data(), weights.data(), more ? bias.data() : nullptr, dst.data(), g, more,
                                         0.5F};
        });
        testing::expect_same_bits_at_every_width(src_positions, kC, src_positions * kC, [&](auto& grad_src) {
          return DepthwiseBackward<float>{grad_dst.data(),
                                          weights.data(),
                                          more ? addend.data() : nullptr,
                                          more ? src.data() : nullptr,
                                          grad_src.data(),
                                          g};
        });
      }
    }
  }
}

// Sums of small integers are exact.
TEST(Depthwise, AddsAndMasks) {
  const Shape src{1, 5, 3, 4};
  const Window window{1, 2, 1, 1, 0, 0, 0, 1};
  std::vector<float> grad_dst(60), weights(10), addend(60), mask(60), grad_src(60, -7.F);
  for (size_t i = 0; i < 60; ++i) {
    grad_dst[i] = static_cast<float>(i % 7) - 3;
    addend[i] = static_cast<float>(i % 5) - 2;
    mask[i] = i % 3 == 0 ? 0.F : static_cast<float>(i % 3) - 1.5F;
  }
  for (size_t i = 0; i < 10; ++i) weights[i] = static_cast<float>(i) - 4;
  for (const bool added : {false, true}) {
    for (const bool masked : {false, true}) {
      const DepthwiseBackwardStep step{src, src, window, added, masked};
      if (added && masked) {
        run(step, {&grad_dst, &weights, &addend, &mask}, grad_src);
      } else if (added || masked) {
        run(step, {&grad_dst, &weights, added ? &addend : &mask}, grad_src);
      } else {
        run(step, {&grad_dst, &weights}, grad_src);
      }
      for (size_t i = 0; i < 60; ++i) {
        const size_t c = i % 5;
        const bool first = i / 5 % 4 == 0;
        float expected = grad_dst[i] * weights[c] + (first ? 0.F : grad_dst[i - 5] * weights[5 + c]);
        if (added) expected += addend[i];
        if (masked && !(mask[i] > 0)) expected = 0;
        EXPECT_EQ(grad_src[i], expected) << i;
      }
    }
  }
}

TEST(CopyRows, CopiesTheBeginningOfEachRow) {
  const std::vector<float> src = random_floats(3 * 7, 1);
  std::vector<float> dst(3 * 5, -7.F);
  run(CopyRowsStep{3, 4, 7, 5}, {&src}, dst);
  for (size_t row = 0; row < 3; ++row) {
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(dst[row * 5 + i], src[row * 7 + i]);
    EXPECT_EQ(dst[row * 5 + 4], -7.F);
  }
}

}  // namespace
}  // namespace phosphene
