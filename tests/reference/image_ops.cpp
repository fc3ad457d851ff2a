#include "tests/reference/image_ops.h"

#include <array>
#include <cmath>
#include <complex>
#include <functional>
#include <numbers>

#include "kernels/philox.h"

namespace phosphene::reference {
namespace {

double cycles(int64_t k, int64_t size) {  // numpy's fftfreq
  const int64_t wrapped = 2 * k < size ? k : k - size;
  return static_cast<double>(wrapped) / static_cast<double>(size);
}

double whitening(int64_t ky, int64_t kx, int64_t h, int64_t w, double decay_power) {
  const double y = cycles(ky, h), x = cycles(kx, w);
  const double lowest = 1.0 / static_cast<double>(std::max(h, w));
  return std::sqrt(static_cast<double>(h * w)) / std::pow(std::max(std::sqrt(x * x + y * y), lowest), decay_power);
}

// Calls visit(row, column, ky, kx, factor) with the complex factor that z[ky, kx] has in pixel (row, column) of one plane; its
// real part multiplies re, minus its imaginary part im. Columns in between stand for their mirror images too.
void for_each_wave(int64_t h, int64_t w, double decay_power,
                   const std::function<void(int64_t, int64_t, int64_t, int64_t, std::complex<double>)>& visit) {
  const int64_t even = w + w % 2, k = even / 2 + 1;
  const double pixels = static_cast<double>(h * even);
  for (int64_t row = 0; row < h; ++row) {
    for (int64_t column = 0; column < w; ++column) {
      for (int64_t ky = 0; ky < h; ++ky) {
        for (int64_t kx = 0; kx < k; ++kx) {
          const double turns = static_cast<double>(row * ky) / static_cast<double>(h) +
                               static_cast<double>(column * kx) / static_cast<double>(even);
          const double times = kx == 0 || kx == k - 1 ? 1 : 2;
          visit(row, column, ky, kx,
                times * whitening(ky, kx, h, w, decay_power) / (4 * pixels) *
                    std::polar(1.0, 2 * std::numbers::pi * turns));
        }
      }
    }
  }
}

constexpr double kColumnNorm = 0.46195237849804394;
constexpr std::array<std::array<double, 3>, 3> kAxes = {{{.26, .09, .02}, {.27, 0, -.05}, {.27, -.09, .03}}};

double mixing(int64_t to, int64_t from, bool decorrelated) {
  if (decorrelated) return kAxes.at(static_cast<size_t>(to)).at(static_cast<size_t>(from)) / kColumnNorm;
  return to == from ? 1 : 0;
}

// Walks to the pixel that a position outside is the mirror image of.
int64_t mirrored(int64_t position, int64_t size) {
  if (size == 1) return 0;
  while (position < 0 || position >= size) position = position < 0 ? -position : 2 * (size - 1) - position;
  return position;
}

// Calls visit(n, i, j, u, v, weight, inside) for the four taps of every output pixel; u, v lie inside where `inside`.
void for_each_tap(const Shape& src, const std::vector<Matrix>& matrices, const WarpAttributes& attributes,
                  const std::function<void(int64_t, int64_t, int64_t, int64_t, int64_t, double, bool)>& visit) {
  for (int64_t n = 0; n < src.n; ++n) {
    const Matrix& a = matrices[static_cast<size_t>(n)];
    for (int64_t i = 0; i < attributes.h; ++i) {
      for (int64_t j = 0; j < attributes.w; ++j) {
        const double y = a[0] * static_cast<double>(i) + a[1] * static_cast<double>(j) + a[2];
        const double x = a[3] * static_cast<double>(i) + a[4] * static_cast<double>(j) + a[5];
        for (int64_t tap = 0; tap < 4; ++tap) {
          const double u = std::floor(y) + (tap < 2 ? 0 : 1), v = std::floor(x) + (tap % 2 == 0 ? 0 : 1);
          const double weight = (1 - std::abs(y - u)) * (1 - std::abs(x - v));
          auto row = static_cast<int64_t>(u), column = static_cast<int64_t>(v);
          if (attributes.outside == Outside::reflect) {
            row = mirrored(row, src.h);
            column = mirrored(column, src.w);
          }
          visit(n, i, j, row, column, weight, row >= 0 && row < src.h && column >= 0 && column < src.w);
        }
      }
    }
  }
}

}  // namespace

Tensor fourier_image(const Tensor& spectrum, int64_t h, int64_t w, double decay_power) {
  Tensor image({spectrum.shape.n, spectrum.shape.c, h, w});
  for_each_wave(
      h, w, decay_power, [&](int64_t row, int64_t column, int64_t ky, int64_t kx, std::complex<double> factor) {
        for (int64_t n = 0; n < image.shape.n; ++n) {
          for (int64_t c = 0; c < image.shape.c; ++c) {
            const std::complex<double> z(spectrum.data[static_cast<size_t>(spectrum.index(n, c, ky, kx))],
                                         spectrum.data[static_cast<size_t>(spectrum.index(n, c, h + ky, kx))]);
            image.data[static_cast<size_t>(image.index(n, c, row, column))] += (factor * z).real();
          }
        }
      });
  return image;
}

Tensor fourier_image_backward(const Tensor& grad_dst, double decay_power) {
  const int64_t h = grad_dst.shape.h, w = grad_dst.shape.w;
  Tensor gradient({grad_dst.shape.n, grad_dst.shape.c, 2 * h, (w + w % 2) / 2 + 1});
  for_each_wave(h, w, decay_power,
                [&](int64_t row, int64_t column, int64_t ky, int64_t kx, std::complex<double> factor) {
                  for (int64_t n = 0; n < gradient.shape.n; ++n) {
                    for (int64_t c = 0; c < gradient.shape.c; ++c) {
                      const double g = grad_dst.data[static_cast<size_t>(grad_dst.index(n, c, row, column))];
                      gradient.data[static_cast<size_t>(gradient.index(n, c, ky, kx))] += g * factor.real();
                      gradient.data[static_cast<size_t>(gradient.index(n, c, h + ky, kx))] -= g * factor.imag();
                    }
                  }
                });
  return gradient;
}

Tensor colour(const Tensor& src, bool decorrelated) {
  Tensor dst(src.shape);
  const int64_t pixels = src.shape.h * src.shape.w;
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t to = 0; to < src.shape.c; ++to) {
      for (int64_t p = 0; p < pixels; ++p) {
        double sum = 0;
        for (int64_t from = 0; from < src.shape.c; ++from)
          sum += mixing(to, from, decorrelated) * src.plane(n, from)[p];
        dst.plane(n, to)[p] = 1 / (1 + std::exp(-sum));
      }
    }
  }
  return dst;
}

Tensor colour_backward(const Tensor& grad_dst, const Tensor& src, bool decorrelated) {
  const Tensor dst = colour(src, decorrelated);
  Tensor gradient(src.shape);
  const int64_t pixels = src.shape.h * src.shape.w;
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t to = 0; to < src.shape.c; ++to) {
      for (int64_t p = 0; p < pixels; ++p) {
        const double y = dst.plane(n, to)[p];
        for (int64_t from = 0; from < src.shape.c; ++from) {
          gradient.plane(n, from)[p] += mixing(to, from, decorrelated) * grad_dst.plane(n, to)[p] * y * (1 - y);
        }
      }
    }
  }
  return gradient;
}

Tensor warp(const Tensor& src, const std::vector<Matrix>& matrices, const WarpAttributes& attributes) {
  Tensor dst({src.shape.n, src.shape.c, attributes.h, attributes.w});
  for_each_tap(src.shape, matrices, attributes,
               [&](int64_t n, int64_t i, int64_t j, int64_t u, int64_t v, double weight, bool inside) {
                 for (int64_t c = 0; c < src.shape.c; ++c) {
                   const int64_t from = attributes.order[static_cast<size_t>(c)];
                   const double value = inside ? src.data[static_cast<size_t>(src.index(n, from, u, v))] : 0.5;
                   dst.data[static_cast<size_t>(dst.index(n, c, i, j))] +=
                       attributes.scale[static_cast<size_t>(c)] * weight * value;
                 }
               });
  const int64_t pixels = attributes.h * attributes.w;
  for (int64_t n = 0; n < src.shape.n; ++n)
    for (int64_t c = 0; c < src.shape.c; ++c)
      for (int64_t p = 0; p < pixels; ++p) dst.plane(n, c)[p] -= attributes.mean[static_cast<size_t>(c)];
  return dst;
}

Tensor warp_backward(const Tensor& grad_dst, const Shape& src, const std::vector<Matrix>& matrices,
                     const WarpAttributes& attributes) {
  Tensor gradient(src);
  for_each_tap(src, matrices, attributes,
               [&](int64_t n, int64_t i, int64_t j, int64_t u, int64_t v, double weight, bool inside) {
                 if (!inside) return;
                 for (int64_t c = 0; c < src.c; ++c) {
                   const int64_t to = attributes.order[static_cast<size_t>(c)];
                   gradient.data[static_cast<size_t>(gradient.index(n, to, u, v))] +=
                       attributes.scale[static_cast<size_t>(c)] * weight *
                       grad_dst.data[static_cast<size_t>(grad_dst.index(n, c, i, j))];
                 }
               });
  return gradient;
}

double direction(const Tensor& src, int64_t n, const std::vector<double>& v, int power, int64_t row, int64_t column) {
  double total = 0;
  int64_t positions = 0;
  for (int64_t p = 0; p < src.shape.h * src.shape.w; ++p) {
    if (row >= 0 && p != row * src.shape.w + column) continue;
    double dot = 0, x2 = 0, v2 = 0;
    for (int64_t c = 0; c < src.shape.c; ++c) {
      const double x = src.plane(n, c)[p], along = v[static_cast<size_t>(c)];
      dot += x * along;
      x2 += x * x;
      v2 += along * along;
    }
    const double cosine = dot / ((1e-4 + std::sqrt(x2)) * (1e-4 + std::sqrt(v2)));
    total += dot * std::pow(std::max(0.1, cosine), power);
    ++positions;
  }
  return total / static_cast<double>(positions);
}

Tensor composite(const Tensor& src, const Tensor& alpha, const Tensor& background, bool gamma) {
  const double g = gamma ? 2.2 : 1, least = gamma ? 1e-6 : 0;
  Tensor dst(src.shape);
  for (int64_t n = 0; n < src.shape.n; ++n)
    for (int64_t c = 0; c < src.shape.c; ++c)
      for (int64_t p = 0; p < src.shape.h * src.shape.w; ++p) {
        const double a = alpha.plane(n, 0)[p];
        dst.plane(n, c)[p] = std::pow(
            least + a * std::pow(src.plane(n, c)[p], g) + (1 - a) * std::pow(background.plane(n, c)[p], g), 1 / g);
      }
  return dst;
}

CompositeGradients composite_backward(const Tensor& grad_dst, const Tensor& src, const Tensor& alpha,
                                      const Tensor& background, bool gamma) {
  const double g = gamma ? 2.2 : 1, least = gamma ? 1e-6 : 0;
  CompositeGradients gradients{Tensor(src.shape), Tensor(alpha.shape)};
  for (int64_t n = 0; n < src.shape.n; ++n)
    for (int64_t c = 0; c < src.shape.c; ++c)
      for (int64_t p = 0; p < src.shape.h * src.shape.w; ++p) {
        const double a = alpha.plane(n, 0)[p], x = src.plane(n, c)[p], b = background.plane(n, c)[p];
        const double light = least + a * std::pow(x, g) + (1 - a) * std::pow(b, g);
        const double of_light = grad_dst.plane(n, c)[p] / g * std::pow(light, 1 / g - 1);
        gradients.src.plane(n, c)[p] = of_light * a * g * std::pow(x, g - 1);
        gradients.alpha.plane(n, 0)[p] += of_light * (std::pow(x, g) - std::pow(b, g));
      }
  return gradients;
}

Tensor drawn_spectrum(const Shape& spectrum, const std::vector<DrawKey>& keys, uint32_t step, double sd) {
  Tensor drawn(spectrum);
  const int64_t blocks = (spectrum.w + 3) / 4, rows = spectrum.c * spectrum.h;
  for (int64_t n = 0; n < spectrum.n; ++n)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < spectrum.w; ++column) {
        const Philox4x32 words = draw(keys[static_cast<size_t>(n)], step, DrawPurpose::background,
                                      static_cast<uint32_t>(row * blocks + column / 4));
        const int64_t pair = column % 4 / 2;
        const double radius = std::sqrt(-2 * std::log((words.word[2 * pair] + 0.5) / 4294967296.0));
        const double angle = 2 * std::numbers::pi * words.word[2 * pair + 1] / 4294967296.0;
        drawn.plane(n, 0)[row * spectrum.w + column] =
            sd * radius * (column % 2 == 0 ? std::cos(angle) : std::sin(angle));
      }
  return drawn;
}

}  // namespace phosphene::reference
