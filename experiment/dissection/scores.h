// What counts say of a set of units: which concept each agrees with best, and how many concepts they find between them (D. Bau et al.,
// "Network Dissection", CVPR 2017, section 2.3, with our conventions: docs/dissection.md).
#pragma once

#include <optional>

#include "experiment/dissection/concept_counts.h"

namespace phosphene {

// A unit is a detector of its best concept if their IoU exceeds this.
inline constexpr double kDetectorIou = 0.04;

struct BestConcept {
  size_t index = 0;
  double iou = 0;
};

// The first of those that are equal; none where the unit shares no pixel with any concept.
std::optional<BestConcept> best_concept(const ConceptCounts& counts, size_t unit);

struct BestUnit {
  size_t unit = 0;
  double iou = 0;
};

// Of the units [first, first + count).
struct BasisScores {
  std::vector<std::optional<BestConcept>> best;      // by unit
  std::vector<std::optional<BestUnit>> per_concept;  // by concept; `unit` counts from `first`
  int64_t detectors = 0;                             // units whose best concept exceeds kDetectorIou
  int64_t unique_detectors = 0;                      // different concepts among those
  int64_t concepts_covered = 0;                      // concepts for which some unit exceeds kDetectorIou
  double mean_best_iou = 0;                          // over units: says little alone, see docs/dissection.md
};

BasisScores score_basis(const ConceptCounts& counts, size_t first, size_t count);

}  // namespace phosphene
