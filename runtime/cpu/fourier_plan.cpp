#include "runtime/cpu/fourier_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace phosphene {
namespace {

constexpr std::array kRadices{4, 2, 3, 5, 7, 11, 13};

std::vector<int64_t> factors(int64_t n) {
  std::vector<int64_t> found;
  for (const int radix : kRadices)
    for (; n % radix == 0 && n > 1; n /= radix) found.push_back(radix);
  if (n != 1) found.clear();
  return found;
}

struct Complex {
  Vector re, im;
};

Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
Complex times_minus_i(const Complex& a) { return {a.im, -a.re}; }
Complex turned(const Complex& a, float cosine, float sine) {
  return {a.re * cosine - a.im * sine, a.im * cosine + a.re * sine};
}

// The transform of length kRadix, in place. An odd one works on sums and differences of x[j] and x[kRadix - j]:
// X[k], X[kRadix - k] = x[0] + sum of (x[j] + x[r - j]) cos(2 pi j k / r) -+ i sum of (x[j] - x[r - j]) sin(2 pi j k / r).
template <int kRadix>
struct Butterfly {
  static constexpr int kHalf = (kRadix - 1) / 2;

  Butterfly() {
    for (int k = 1; k <= kHalf; ++k) {
      for (int j = 1; j <= kHalf; ++j) {
        const double angle = 2 * std::numbers::pi * (j * k % kRadix) / kRadix;
        cosine[k - 1][j - 1] = static_cast<float>(std::cos(angle));
        sine[k - 1][j - 1] = static_cast<float>(std::sin(angle));
      }
    }
  }

  void operator()(Complex (&x)[kRadix]) const {
    Complex sum[kHalf], difference[kHalf], total = x[0];
#pragma GCC unroll 8
    for (int j = 0; j < kHalf; ++j) {
      sum[j] = x[j + 1] + x[kRadix - 1 - j];
      difference[j] = x[j + 1] - x[kRadix - 1 - j];
      total = total + sum[j];
    }
#pragma GCC unroll 8
    for (int k = 0; k < kHalf; ++k) {
      Complex even = x[0], odd{};
#pragma GCC unroll 8
      for (int j = 0; j < kHalf; ++j) {
        even = {even.re + sum[j].re * cosine[k][j], even.im + sum[j].im * cosine[k][j]};
        odd = {odd.re + difference[j].im * sine[k][j], odd.im - difference[j].re * sine[k][j]};
      }
      x[k + 1] = even + odd;
      x[kRadix - 1 - k] = even - odd;
    }
    x[0] = total;
  }

  float cosine[kHalf][kHalf], sine[kHalf][kHalf];
};

template <>
struct Butterfly<2> {
  void operator()(Complex (&x)[2]) const {
    const Complex a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  }
};

template <>
struct Butterfly<4> {
  void operator()(Complex (&x)[4]) const {
    const Complex even = x[0] + x[2], far = x[0] - x[2], odd = x[1] + x[3], turn = times_minus_i(x[1] - x[3]);
    x[0] = even + odd;
    x[1] = far + turn;
    x[2] = even - odd;
    x[3] = far - turn;
  }
};

// One pass: `interleaved` transforms of `length` each become kRadix times as many of length / kRadix.
template <int kRadix>
void pass(int64_t length, int64_t interleaved, const float* twiddles, const Vector* from_re, const Vector* from_im,
          Vector* to_re, Vector* to_im) {
  static const Butterfly<kRadix> butterfly;
  const int64_t m = length / kRadix;
  for (int64_t p = 0; p < m; ++p, twiddles += 2 * (kRadix - 1)) {
    for (int64_t q = 0; q < interleaved; ++q) {
      Complex x[kRadix];
#pragma GCC unroll 16
      for (int j = 0; j < kRadix; ++j) {
        const int64_t at = q + interleaved * (p + m * j);
        x[j] = {from_re[at], from_im[at]};
      }
      butterfly(x);
#pragma GCC unroll 16
      for (int k = 0; k < kRadix; ++k) {
        const int64_t at = q + interleaved * (kRadix * p + k);
        const Complex y = k == 0 ? x[0] : turned(x[k], twiddles[2 * k - 2], twiddles[2 * k - 1]);
        to_re[at] = y.re;
        to_im[at] = y.im;
      }
    }
  }
}

using PassFunction = decltype(&pass<2>);

PassFunction pass_of(int64_t radix) {
  switch (radix) {
    case 2:
      return pass<2>;
    case 3:
      return pass<3>;
    case 4:
      return pass<4>;
    case 5:
      return pass<5>;
    case 7:
      return pass<7>;
    case 11:
      return pass<11>;
    default:
      return pass<13>;
  }
}

}  // namespace

bool FourierPlan::can(int64_t n) { return n == 1 || !factors(n).empty(); }

FourierPlan::FourierPlan(int64_t n) : n_(n) {
  int64_t length = n;
  for (const int64_t radix : factors(n)) {
    Pass pass{radix, length, {}};
    for (int64_t p = 0; p < length / radix; ++p) {
      for (int64_t k = 1; k < radix; ++k) {
        const double angle = 2 * std::numbers::pi * static_cast<double>(p * k % length) / static_cast<double>(length);
        pass.twiddles.push_back(static_cast<float>(std::cos(angle)));
        pass.twiddles.push_back(static_cast<float>(-std::sin(angle)));
      }
    }
    passes_.push_back(std::move(pass));
    length /= radix;
  }
}

void FourierPlan::run(Vector* re, Vector* im, Vector* work) const {
  Vector *from_re = re, *from_im = im, *to_re = work, *to_im = work + n_;
  int64_t interleaved = 1;
  for (const Pass& each : passes_) {
    pass_of(each.radix)(each.length, interleaved, each.twiddles.data(), from_re, from_im, to_re, to_im);
    std::swap(from_re, to_re);
    std::swap(from_im, to_im);
    interleaved *= each.radix;
  }
  if (from_re != re) {
    std::copy_n(from_re, n_, re);
    std::copy_n(from_im, n_, im);
  }
}

}  // namespace phosphene
