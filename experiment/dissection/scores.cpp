#include "experiment/dissection/scores.h"

#include <set>

namespace phosphene {

std::optional<BestConcept> best_concept(const ConceptCounts& counts, size_t unit) {
  std::optional<BestConcept> best;
  for (size_t i = 0; i < counts.concepts(); ++i) {
    const double iou = counts.iou(unit, i);
    if (iou > (best ? best->iou : 0)) best = BestConcept{i, iou};
  }
  return best;
}

BasisScores score_basis(const ConceptCounts& counts, size_t first, size_t count) {
  BasisScores scores;
  scores.per_concept.resize(counts.concepts());
  std::set<size_t> detected;
  double sum = 0;
  for (size_t unit = 0; unit < count; ++unit) {
    scores.best.push_back(best_concept(counts, first + unit));
    for (size_t i = 0; i < counts.concepts(); ++i) {
      const double iou = counts.iou(first + unit, i);
      std::optional<BestUnit>& best = scores.per_concept[i];
      if (iou > (best ? best->iou : 0)) best = BestUnit{unit, iou};
    }
    if (!scores.best.back()) continue;
    sum += scores.best.back()->iou;
    if (scores.best.back()->iou <= kDetectorIou) continue;
    ++scores.detectors;
    detected.insert(scores.best.back()->index);
  }
  scores.unique_detectors = std::ssize(detected);
  for (const std::optional<BestUnit>& best : scores.per_concept)
    if (best && best->iou > kDetectorIou) ++scores.concepts_covered;
  scores.mean_best_iou = count == 0 ? 0 : sum / static_cast<double>(count);
  return scores;
}

}  // namespace phosphene
