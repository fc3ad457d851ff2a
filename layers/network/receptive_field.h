// The part of a map that a position of a later map depends on: A. Araujo, W. Norris, J. Sim, "Computing Receptive
// Fields of Convolutional Neural Networks", Distill 2019, equations 2 and 3.
#pragma once

#include <optional>

#include "runtime/graph.h"

namespace phosphene {

// Position i sees [first + i stride, first + i stride + size). Paddings make `first` negative; stride 0: all see the same.
struct FieldAxis {
  int64_t first = 0, size = 1, stride = 1;

  bool operator==(const FieldAxis&) const = default;
};

struct ReceptiveField {
  FieldAxis rows, columns;

  bool operator==(const ReceptiveField&) const = default;
};

// The field of `value` in positions of `source`. Where branches meet it is the smallest that holds theirs. With a `channel` only
// the branches that it comes from count: behind a concat of small and large filters a unit sees what its own filter sees.
// Throws when `value` does not depend on `source`.
ReceptiveField receptive_field(const Graph& graph, ValueId source, ValueId value,
                               std::optional<int64_t> channel = std::nullopt);

}  // namespace phosphene
