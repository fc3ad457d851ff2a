// Arithmetic of two values a and b, of which one may be broadcast (one number for all channels, all positions, or both):
//   dst = a + b,   a - b,   a b,   a / b,   max(a, b),   min(a, b)
// The gradient of an operand x beside the other, y, is the sum of grad_dst d over all that x was broadcast over, with
//   d = 1   a sum's operand, what is subtracted from       -1   what is subtracted
//       y   a product's        1 / y   a dividend's        -y / x / x   a divisor's
//       1 where x > y, 1/2 where x = y, else 0   a maximum's       the same with x < y   a minimum's
// so that equal operands share a maximum's gradient, as PyTorch's do. A division by 0 is IEEE's.
//
// Values are channels_last. Rows are positions, or rows of a map where no operand differs among a row's positions. Sums over channels
// are a tile's; sums over positions are taken by rows of the map, then over rows (kernels/row_sums.h). All orders are fixed and within one
// image. Overwrites. Forward 3 accesses and a FLOP per element; backward 2 to 4, and up to 4 FLOPs.
#pragma once

#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"

namespace phosphene {

// combine(f) with f(a, b) = the operation.
template <class Combine>
PHOSPHENE_HD void with_operation(BinaryOperation operation, const Combine& combine) {
  switch (operation) {
    case BinaryOperation::add:
      return combine([](float a, float b) { return a + b; });
    case BinaryOperation::subtract:
      return combine([](float a, float b) { return a - b; });
    case BinaryOperation::multiply:
      return combine([](float a, float b) { return a * b; });
    case BinaryOperation::divide:
      return combine([](float a, float b) { return a / b; });
    case BinaryOperation::maximum:
      return combine([](float a, float b) { return larger(a, b); });
    case BinaryOperation::minimum:
      return combine([](float a, float b) { return smaller(a, b); });
  }
}

// differentiate(d) with d(x, y) as above.
template <class Differentiate>
PHOSPHENE_HD void with_derivative(BinaryDerivative derivative, const Differentiate& differentiate) {
  switch (derivative) {
    case BinaryDerivative::one:
      return differentiate([](float /*x*/, float /*y*/) { return 1.F; });
    case BinaryDerivative::minus_one:
      return differentiate([](float /*x*/, float /*y*/) { return -1.F; });
    case BinaryDerivative::other:
      return differentiate([](float /*x*/, float y) { return y; });
    case BinaryDerivative::reciprocal:
      return differentiate([](float /*x*/, float y) { return 1.F / y; });
    case BinaryDerivative::quotient:
      return differentiate([](float x, float y) { return -(y / x) / x; });
    case BinaryDerivative::larger:
      return differentiate([](float x, float y) { return x > y ? 1.F : x == y ? 0.5F : 0.F; });
    case BinaryDerivative::smaller:
      return differentiate([](float x, float y) { return x < y ? 1.F : x == y ? 0.5F : 0.F; });
  }
}

// Where the numbers of an operand lie that belong to a row of dst: how far it moves on from one image and one row to the next, and
// whether the row has one number of it or one for each element.
struct Spread {
  int64_t per_image = 0, per_row = 0;
  bool one = false;
};

// An operand, or null for one that is not read: zeros.
template <class Storage>
struct SpreadOperand {
  const Storage* data;
  Spread spread;

  template <int N>
  PHOSPHENE_HD void load_row(int64_t image, int64_t row_of_image, int i, float (&x)[N]) const {
    const int64_t first = image * spread.per_image + row_of_image * spread.per_row;
    if (data == nullptr || spread.one) {
      const float same = data == nullptr ? 0.F : widen(data[first]);
      for (int l = 0; l < N; ++l) x[l] = same;
    } else {
      load<N>(data + first + i, x);
    }
  }
};

template <class Storage>
struct BinaryForward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  SpreadOperand<Storage> a, b;
  Storage* dst;
  int64_t rows_per_image, row_elements;
  BinaryOperation operation;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / rows_per_image, row_of_image = row - image * rows_per_image;
    float x[N], y[N];
    a.load_row(image, row_of_image, i, x);
    b.load_row(image, row_of_image, i, y);
    with_operation(operation, [&x, &y](auto combined) {
      for (int l = 0; l < N; ++l) x[l] = combined(x[l], y[l]);
    });
    store<N>(dst + row * row_elements + i, x);
  }
};

// The gradient of an operand that has the shape of dst.
template <class Storage>
struct BinaryBackward {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  SpreadOperand<Storage> other, operand;
  Storage* grad_operand;
  int64_t rows_per_image, row_elements;
  BinaryDerivative derivative;
  PHOSPHENE_HD bool wide() const { return row_elements % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const int64_t image = row / rows_per_image, row_of_image = row - image * rows_per_image;
    float g[N], x[N], y[N];
    load<N>(grad_dst + row * row_elements + i, g);
    operand.load_row(image, row_of_image, i, x);
    other.load_row(image, row_of_image, i, y);
    with_derivative(derivative, [&g, &x, &y](auto d) {
      for (int l = 0; l < N; ++l) g[l] *= d(x[l], y[l]);
    });
    store<N>(grad_operand + row * row_elements + i, g);
  }
};

// The sums over each row of the map, for an operand with one number per image and channel. Rows are (n, h), elements channels.
template <class Storage>
struct BinaryBackwardOverColumns {
  static constexpr int cpu_lanes = 32;
  static constexpr bool cpu_may_repeat = true;
  static constexpr int gpu_lanes = 4;
  const Storage* grad_dst;
  const Storage* other;    // of the shape of grad_dst, or null
  const Storage* operand;  // N x C, or null
  float* sums;
  int64_t h, w, c;
  BinaryDerivative derivative;
  PHOSPHENE_HD bool wide() const { return c % gpu_lanes == 0; }

  template <int N>
  PHOSPHENE_HD void operator()(int64_t row, int i, Lanes<N>) const {
    const Storage* gs = grad_dst + row * w * c + i;
    const Storage* ys = other == nullptr ? nullptr : other + row * w * c + i;
    const int64_t columns = w, step = c;
    float sum[N], x[N];
    for (int l = 0; l < N; ++l) sum[l] = x[l] = 0.F;
    if (operand != nullptr) load<N>(operand + row / h * c + i, x);
    with_derivative(derivative, [gs, ys, columns, step, &sum, &x](auto d) {
      float g[N], y[N];
      for (int l = 0; l < N; ++l) y[l] = 0.F;
      for (int64_t column = 0; column < columns; ++column) {
        load<N>(gs + column * step, g);
        if (ys != nullptr) load<N>(ys + column * step, y);
        for (int l = 0; l < N; ++l) sum[l] = fused(g[l], d(x[l], y[l]), sum[l]);
      }
    });
    store<N>(sums + row * c + i, sum);
  }
};

// The sum over a tile's elements, for an operand with one number per position (a tile is a position; Sum is its storage) or per image
// (a tile is a row of the map; Sum is float).
template <class Storage, class Sum>
struct BinaryBackwardOverTile {
  const Storage* grad_dst;
  const Storage* other;    // of the shape of grad_dst, or null
  const Storage* operand;  // a number for each `tiles_per_number` tiles, or null
  Sum* sums;
  int64_t tiles_per_number, elements;
  BinaryDerivative derivative;

  template <class Team>
  PHOSPHENE_HD void operator()(const Team& team, int64_t tile) const {
    const Storage* g = grad_dst + tile * elements;
    const Storage* ys = other == nullptr ? nullptr : other + tile * elements;
    const float x = operand == nullptr ? 0.F : widen(operand[tile / tiles_per_number]);
    const int64_t count = elements;
    float sum = 0.F;
    with_derivative(derivative, [&team, count, g, ys, x, &sum](auto d) {
      sum = team.sum(count, [g, ys, x, d](int64_t i) {
        return rounded_product(widen(g[i]), d(x, ys == nullptr ? 0.F : widen(ys[i])));
      });
    });
    Sum* out = sums + tile;
    team.once([out, sum] { narrow(sum, *out); });
  }
};

}  // namespace phosphene
