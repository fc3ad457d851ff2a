// Launches of what has no rows.
#pragma once

#include <cstdint>

namespace phosphene {

// Elements of any number as rows of one length and a rest: body(first element, length of the row).
template <class Launcher, class MakeBody>
void launch_elements(const Launcher& launcher, int64_t elements, const MakeBody& body) {
  constexpr int64_t kRow = 4096;
  const int64_t rows = elements / kRow, rest = elements % kRow;
  launcher.rows(rows, static_cast<int>(kRow), body(int64_t{0}, kRow));
  launcher.rows(1, static_cast<int>(rest), body(rows * kRow, rest));
}

}  // namespace phosphene
