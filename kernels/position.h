// Row, column and image of a position, given by its index.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

// Division by a number that the host knows, as a multiplication (Granlund and Montgomery, PLDI 1994): a GPU has no instruction for it.
// For n < 2^31 and 1 <= d < 2^31. With s the least for which d <= 2^s and m = ceil(2^(31 + s) / d) < 2^32, n m = 2^(31 + s) n / d + n e with
// 0 <= n e < 2^(31 + s) / d, so floor(n m / 2^(31 + s)) is the quotient.
struct Divisor {
  uint32_t divisor, multiplier;
  int shift;

  explicit Divisor(int d) : divisor(static_cast<uint32_t>(d)), multiplier(0), shift(0) {
    constexpr int kBits = 31;
    while ((uint64_t{1} << shift) < divisor) ++shift;
    multiplier = static_cast<uint32_t>(((uint64_t{1} << (kBits + shift)) + divisor - 1) / divisor);
  }

  PHOSPHENE_HD uint32_t quotient(uint32_t n) const {
#ifdef __CUDA_ARCH__
    return __umulhi(2 * n, multiplier) >> shift;
#else
    return static_cast<uint32_t>(uint64_t{2 * n} * multiplier >> 32) >> shift;
#endif
  }
};

// Row-major indices of rows by columns, image after image.
struct PositionDivisors {
  Divisor rows, columns;
  PositionDivisors(int row_count, int column_count) : rows(row_count), columns(column_count) {}
};

// The position that an index stands for.
struct Position {
  int64_t n;
  int row, column;
  PHOSPHENE_HD Position(int64_t index, int rows, int columns)
      : n(index / (static_cast<int64_t>(rows) * columns)),
        row(static_cast<int>(index / columns % rows)),
        column(static_cast<int>(index % columns)) {}
  PHOSPHENE_HD Position(int64_t index, const PositionDivisors& by) {
    const int64_t columns = by.columns.divisor, rows = by.rows.divisor;
    if (index >> 31 != 0) {
      n = index / (rows * columns);
      row = static_cast<int>(index / columns % rows);
      column = static_cast<int>(index % columns);
      return;
    }
    const auto small = static_cast<uint32_t>(index);
    const uint32_t above = by.columns.quotient(small), image = by.rows.quotient(above);
    n = image;
    row = static_cast<int>(above - image * by.rows.divisor);
    column = static_cast<int>(small - above * by.columns.divisor);
  }
};

}  // namespace phosphene
