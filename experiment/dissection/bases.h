// What is dissected beside a layer's units: other bases of its space, as directions behind the units in the rows of LayerMaps.
#pragma once

#include <string>
#include <vector>

#include "experiment/dissection/dissect_options.h"
#include "experiment/dissection/layer_maps.h"
#include "loaders/json.h"

namespace phosphene {

enum class BasisKind : uint8_t { units, rotation, random, file };

std::string name_of(BasisKind kind);  // "units", "rotation", "random", "file"

// Rows [first, first + count).
struct Basis {
  BasisKind kind = BasisKind::units;
  size_t first = 0, count = 0;
  double alpha = 0;                // of a rotation
  uint64_t seed = 0;               // of a rotation, and of random directions
  double mean_diagonal = 1;        // of a rotation: rotation.h
  std::vector<std::string> names;  // of a file's directions: "TENSOR", or "TENSOR:ROW" where it has several
};

// The units, then what the options ask for: for each seed of `rotations` and each of `alphas` but 0, which are the units, the rows that
// stand for the units; random single directions; and those of a file: tensors of `channels` numbers, or of rows of these. The directions
// are added to `maps`. Throws one line for what does not fit.
std::vector<Basis> add_bases(const DissectOptions& options, LayerMaps& maps);

// What of it a result depends on.
Json bases_asked(const DissectOptions& options);

}  // namespace phosphene
