#include "experiment/pages/fourier_transform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kLanes = 8;  // lines that are transformed at once

using Lanes [[gnu::vector_size(kLanes * sizeof(double))]] = double;

struct Complex {
  Lanes re, im;
};

struct Root {
  double re, im;
};

// exp(-2 pi i turn / n)
Root root_of(int64_t turn, int64_t n) {
  const double angle = -2 * std::numbers::pi * static_cast<double>(turn % n) / static_cast<double>(n);
  return {std::cos(angle), std::sin(angle)};
}

Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
Complex operator*(const Complex& a, const Root& b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Complex times_minus_i(const Complex& a) { return {a.im, -a.re}; }
Complex conjugate(const Complex& a) { return {a.re, -a.im}; }

constexpr std::array<int64_t, 7> kRadices{4, 2, 3, 5, 7, 11, 13};
constexpr int64_t kMaxRadix = 13;

// The radices of a length, or none if another prime divides it.
std::vector<int64_t> radices_of(int64_t n) {
  std::vector<int64_t> found;
  for (const int64_t radix : kRadices)
    for (; n % radix == 0; n /= radix) found.push_back(radix);
  if (n != 1) found.clear();
  return found;
}

// The transform of an odd length, of the pairs x[j] and x[r - j] at once. `roots`: of a whole turn.
void odd_butterfly(Complex* x, int64_t radix, const Root* roots) {
  const int64_t half = (radix - 1) / 2;
  Complex sum[kMaxRadix / 2], difference[kMaxRadix / 2], total = x[0];
  for (int64_t j = 0; j < half; ++j) {
    sum[j] = x[j + 1] + x[radix - 1 - j];
    difference[j] = x[j + 1] - x[radix - 1 - j];
    total = total + sum[j];
  }
  for (int64_t k = 1; k <= half; ++k) {
    Complex even = x[0], odd{};
    for (int64_t j = 0; j < half; ++j) {
      const Root& root = roots[(j + 1) * k % radix];
      even = {even.re + sum[j].re * root.re, even.im + sum[j].im * root.re};
      odd = {odd.re - difference[j].im * root.im, odd.im + difference[j].re * root.im};
    }
    x[k] = even + odd;
    x[radix - k] = even - odd;
  }
  x[0] = total;
}

void butterfly(Complex* x, int64_t radix, const Root* roots) {
  if (radix == 2) {
    const Complex a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  } else if (radix == 4) {
    const Complex even = x[0] + x[2], far = x[0] - x[2], odd = x[1] + x[3], turn = times_minus_i(x[1] - x[3]);
    x[0] = even + odd;
    x[1] = far + turn;
    x[2] = even - odd;
    x[3] = far - turn;
  } else {
    odd_butterfly(x, radix, roots);
  }
}

// Transforms of one length, of kLanes lines at once.
class LineTransform {
 public:
  explicit LineTransform(int64_t n) : n_(n) {
    int64_t length = n;
    for (const int64_t radix : radices_of(n)) {
      Pass pass{radix, length, {}, {}};
      for (int64_t k = 0; k < radix; ++k) pass.roots.push_back(root_of(k, radix));
      for (int64_t p = 0; p < length / radix; ++p)
        for (int64_t k = 1; k < radix; ++k) pass.twiddles.push_back(root_of(p * k, length));
      passes_.push_back(std::move(pass));
      length /= radix;
    }
    if (length > 1) plan_chirp();
    work_.resize(static_cast<size_t>(convolution_ ? convolution_->n_ : n));
  }

  // n numbers of kLanes lines, in place.
  void run(Complex* line) {
    if (convolution_)
      run_chirp(line);
    else
      run_passes(line);
  }

 private:
  struct Pass {
    int64_t radix, length;  // n of the transforms that this pass divides
    std::vector<Root> roots, twiddles;
  };

  void run_passes(Complex* line) {
    Complex *from = line, *to = work_.data();
    int64_t interleaved = 1;
    for (const Pass& pass : passes_) {
      const int64_t m = pass.length / pass.radix;
      const Root* twiddles = pass.twiddles.data();
      for (int64_t p = 0; p < m; ++p, twiddles += pass.radix - 1) {
        for (int64_t q = 0; q < interleaved; ++q) {
          Complex x[kMaxRadix];
          for (int64_t j = 0; j < pass.radix; ++j) x[j] = from[q + interleaved * (p + m * j)];
          butterfly(x, pass.radix, pass.roots.data());
          Complex* dst = to + q + interleaved * pass.radix * p;
          dst[0] = x[0];
          for (int64_t k = 1; k < pass.radix; ++k) dst[interleaved * k] = x[k] * twiddles[k - 1];
        }
      }
      std::swap(from, to);
      interleaved *= pass.radix;
    }
    if (from != line) std::copy_n(from, n_, line);
  }

  // 2 j k = j^2 + k^2 - (k - j)^2: with c[j] = exp(-pi i j^2 / n), X[k] = c[k] sum over j of (x[j] c[j]) conj c[k - j], a convolution,
  // which transforms of a length of at least 2 n - 1 turn into products.
  void plan_chirp() {
    int64_t m = 1;
    while (m < 2 * n_ - 1) m *= 2;
    convolution_ = std::make_unique<LineTransform>(m);
    passes_.clear();
    for (int64_t j = 0; j < n_; ++j) chirp_.push_back(root_of(j * j % (2 * n_), 2 * n_));
    std::vector<Complex> filter(static_cast<size_t>(m));
    for (int64_t j = 0; j < n_; ++j) {
      const Root& root = chirp_[static_cast<size_t>(j)];
      filter[static_cast<size_t>(j)] =
          filter[static_cast<size_t>((m - j) % m)] = {Lanes{} + root.re, Lanes{} - root.im};
    }
    convolution_->run(filter.data());
    for (const Complex& f : filter)
      filter_.push_back({f.re[0] / static_cast<double>(m), f.im[0] / static_cast<double>(m)});
  }

  void run_chirp(Complex* line) {
    std::fill(work_.begin(), work_.end(), Complex{});
    for (size_t j = 0; j < chirp_.size(); ++j) work_[j] = line[j] * chirp_[j];
    convolution_->run(work_.data());
    // The inverse transform is the conjugate of the transform of the conjugates.
    for (size_t k = 0; k < work_.size(); ++k) work_[k] = conjugate(work_[k] * filter_[k]);
    convolution_->run(work_.data());
    for (size_t k = 0; k < chirp_.size(); ++k) line[k] = conjugate(work_[k]) * chirp_[k];
  }

  int64_t n_;
  std::vector<Pass> passes_;
  std::vector<Root> chirp_, filter_;
  std::unique_ptr<LineTransform> convolution_;  // for lengths that the radices do not divide
  std::vector<Complex> work_;
};

// The transforms of all rows up to kx = w / 2, in blocks of kLanes columns: for each block h numbers.
std::vector<Complex> row_spectra(std::span<const double> plane, int64_t h, int64_t w) {
  const int64_t columns = w / 2 + 1;
  std::vector<Complex> spectra(static_cast<size_t>((columns + kLanes - 1) / kLanes * h));
  LineTransform rows(w);
  std::vector<Complex> line(static_cast<size_t>(w));
  const auto store = [&](int64_t y, int64_t kx, double re, double im) {
    Complex& dst = spectra[static_cast<size_t>(kx / kLanes * h + y)];
    dst.re[kx % kLanes] = re;
    dst.im[kx % kLanes] = im;
  };
  for (int64_t first = 0; first < h; first += 2 * kLanes) {
    const int64_t lanes = std::min(kLanes, (h - first + 1) / 2);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const double* even = plane.data() + (first + 2 * lane) * w;
      const double* odd = first + 2 * lane + 1 < h ? even + w : nullptr;
      for (int64_t x = 0; x < w; ++x) {
        line[static_cast<size_t>(x)].re[lane] = even[x];
        line[static_cast<size_t>(x)].im[lane] = odd != nullptr ? odd[x] : 0;
      }
    }
    rows.run(line.data());
    // Z = A + i B of two real rows: A = (Z[k] + conj Z[w - k]) / 2, B = (Z[k] - conj Z[w - k]) / 2 i.
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const int64_t y = first + 2 * lane;
      for (int64_t kx = 0; kx < columns; ++kx) {
        const Complex &z = line[static_cast<size_t>(kx)], &mirrored = line[static_cast<size_t>((w - kx) % w)];
        const double re = z.re[lane], im = z.im[lane], other_re = mirrored.re[lane], other_im = mirrored.im[lane];
        store(y, kx, (re + other_re) / 2, (im - other_im) / 2);
        if (y + 1 < h) store(y + 1, kx, (im + other_im) / 2, (other_re - re) / 2);
      }
    }
  }
  return spectra;
}

}  // namespace

std::vector<double> squared_magnitudes(std::span<const double> plane, int64_t h, int64_t w) {
  if (h < 1 || w < 1 || std::ssize(plane) != h * w)
    fail_internal("Fourier transform", "{} numbers for {} x {}", plane.size(), h, w);
  std::vector<Complex> spectra = row_spectra(plane, h, w);
  std::vector<double> power(plane.size());
  LineTransform columns(h);
  const int64_t half = w / 2 + 1;
  for (int64_t first = 0; first < half; first += kLanes) {
    Complex* block = spectra.data() + first / kLanes * h;
    columns.run(block);
    const int64_t lanes = std::min(kLanes, half - first);
    for (int64_t ky = 0; ky < h; ++ky) {
      const Lanes squared = block[ky].re * block[ky].re + block[ky].im * block[ky].im;
      double *row = power.data() + ky * w, *mirrored = power.data() + (h - ky) % h * w;
      for (int64_t kx = first; kx < first + lanes; ++kx) {
        row[kx] = squared[kx - first];
        if (kx > 0 && 2 * kx != w) mirrored[w - kx] = squared[kx - first];
      }
    }
  }
  return power;
}

}  // namespace phosphene
