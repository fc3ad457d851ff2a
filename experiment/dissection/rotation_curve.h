// How many concepts a layer's bases find on the way from its units to a random rotation.
#pragma once

#include <string>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

// `curve` of dissection.json (dissection_report.h): for each alpha, rising, mean and standard deviation (n - 1; 0 of one seed) over
// the rotations in `record`'s bases. `units`: what stands for alpha 0, the same of every seed: its standard deviation is null.
Json rotation_curve(const Json& record, const Json& units, std::vector<double> alphas);

// An SVG of unique detectors and concepts covered against alpha: a faint line for each seed, a strong one through the means, with bars
// of a standard deviation to both sides. Stands alone as a file and inside a page.
std::string rotation_chart(const Json& record);

}  // namespace phosphene
