// The only loops over rows and tiles on the CPU. `Parallel` runs f(begin, end) over [0, count) in any partition; see
// runtime/cpu/parallel.h. Results do not depend on the partition: each row and each tile is written by one call.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

// If single elements are slow and the body does not read what it overwrites, it sets `cpu_may_repeat = true`: the last chunk of a row
// then overlaps the one before it and computes some elements twice, to the same bits.
template <class Body>
inline constexpr bool kMayRepeat = Body::cpu_lanes > 1 && requires {
  requires Body::cpu_may_repeat;
};

// A body whose neighbouring elements share work may have `bool whole_row(int64_t row, int elements)`, which computes a row that has as
// many, to the same bits, or refuses.
template <class Body>
concept TakesWholeRows = requires(const Body& body) {
  body.whole_row(int64_t{}, int{});
};

// body(row, i, Lanes<N>{}) for every row in [0, count) and i in [first, last): full chunks of Body::cpu_lanes, then singles.
template <class Parallel, class Body>
void launch_rows(const Parallel& parallel, int64_t count, int first, int last, const Body& shared) {
  if (count <= 0 || last <= first) return;
  parallel(count, last - first, [&shared, first, last](int64_t begin, int64_t end) {
    const Body body = shared;  // a local copy: its members live in registers, not behind a pointer
    for (int64_t row = begin; row < end; ++row) {
      if constexpr (TakesWholeRows<Body>) {
        if (first == 0 && body.whole_row(row, last)) continue;
      }
      int i = first;
      if constexpr (Body::cpu_lanes > 1)
        for (; i + Body::cpu_lanes <= last; i += Body::cpu_lanes) body(row, i, Lanes<Body::cpu_lanes>{});
      if constexpr (kMayRepeat<Body>) {
        if (i < last && last - first >= Body::cpu_lanes) {
          body(row, last - Body::cpu_lanes, Lanes<Body::cpu_lanes>{});
          continue;
        }
      }
      for (; i < last; ++i) body(row, i, Lanes<1>{});
    }
  });
}

template <class Parallel, class Body>
void launch_rows(const Parallel& parallel, int64_t count, int elements, const Body& body) {
  launch_rows(parallel, count, 0, elements, body);
}

// The team of one that runs a tile on a CPU thread.
struct SerialTeam {
  // Sum of term(0) .. term(count - 1): lane l adds terms l, l + 32, l + 64 ...; the lanes are then added as a binary tree.
  template <class Term>
  float sum(int64_t count, const Term& term) const {
    float lane[kSumLanes] = {};
    int64_t i = 0;
    for (; i + kSumLanes <= count; i += kSumLanes)
      for (int l = 0; l < kSumLanes; ++l) lane[l] += term(i + l);
    for (int l = 0; i + l < count; ++l) lane[l] += term(i + l);
    for (int width = kSumLanes / 2; width > 0; width /= 2)
      for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
    return lane[0];
  }

  template <class Term>
  float maximum(int64_t count, const Term& term) const {
    float largest = -__builtin_inff();
    for (int64_t i = 0; i < count; ++i) largest = term(i) > largest ? term(i) : largest;
    return largest;
  }

  // visit(i) for every i in [0, count), in any order.
  template <class Visit>
  void for_each(int64_t count, const Visit& visit) const {
    for (int64_t i = 0; i < count; ++i) visit(i);
  }

  // Runs `action` once per tile.
  template <class Action>
  void once(const Action& action) const {
    action();
  }
};

// body(team, tile) for every tile in [0, count); `elements` is the work of one tile, for deciding whether threads pay.
template <class Parallel, class Body>
void launch_tiles(const Parallel& parallel, int64_t count, int64_t elements, const Body& shared) {
  if (count <= 0) return;
  parallel(count, elements, [&shared](int64_t begin, int64_t end) {
    const Body body = shared;
    const SerialTeam team;
    for (int64_t tile = begin; tile < end; ++tile) body(team, tile);
  });
}

}  // namespace phosphene
