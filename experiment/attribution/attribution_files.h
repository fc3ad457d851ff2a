// Attributions as files: a map over its photograph as a PNG.
#pragma once

#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene {

// A map of a photograph's height and width over it, in gray: red where it is positive, blue where it is negative, full where it reaches the
// number returned, below which 99.5 % of its magnitudes lie: 0 where all are 0. `photograph`: planar 1 x 3 x H x W in [0, 1].
double write_heat_map(const std::string& path, const HostTensor& photograph, const std::vector<double>& map);

}  // namespace phosphene
