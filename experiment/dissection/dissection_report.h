// What a finished dissection says: dissection.json, units.csv, the page and its pictures.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "experiment/dissection/bases.h"
#include "experiment/dissection/concept_folder.h"
#include "experiment/dissection/dissect_options.h"
#include "experiment/dissection/dissection_state.h"
#include "experiment/dissection/layer_maps.h"
#include "loaders/json.h"

namespace phosphene {

class DissectionReport {
 public:
  // All of it outlives this; the maps are planned.
  DissectionReport(const DissectOptions& options, const ConceptFolder& data, LayerMaps& maps, PixelsAbove& above,
                   const std::vector<Basis>& bases, const DissectionState& state)
      : options_(options), data_(data), maps_(maps), above_(above), bases_(bases), state_(state) {}

  // dissection.json: `asked` and
  //   photographs, positions   that were counted
  //   concepts   id, name, category, pixels and their share of all that were looked at, best_iou and best_unit, chance (the same for
  //              other photographs' masks: mean over permutations)
  //   units      unit, threshold, rank_error (a bound, of the share of positions above it), concept (its id, or null), iou, chance
  //              (the highest over permutations of its best IoU with other photographs' masks), pixels, detector, examples
  //   bases      (with others than the units) of each but the units': kind, alpha, seed and mean_diagonal of a rotation, summary as below,
  //              best_per_concept: the highest IoU for each concept, 0 where there is none; directions: of those that are random or of a
  //              file name, threshold, concept, iou and chance
  //   curve      (with rotations) for each alpha, over seeds: mean and sd of mean_diagonal, detectors, unique_detectors,
  //              concepts_covered, mean_best_iou, and the mean of best_per_concept
  //   summary    detectors, unique_detectors, concepts_covered, mean_best_iou; by_chance: the same, means over permutations
  // Throws one line where no unit exceeds its threshold anywhere.
  [[nodiscard]] Json record(const Json& asked) const;

  // Draws the top photographs of the best units, and names the pictures in the record. False when it was asked to stop.
  bool draw_pictures(Json& record);

  // Writes the other files; returns the page's path.
  [[nodiscard]] std::string write(const Json& record) const;

 private:
  [[nodiscard]] Json concepts() const;
  [[nodiscard]] Json unit(size_t row) const;
  [[nodiscard]] Json scored(size_t row) const;
  [[nodiscard]] Json basis(const Basis& basis) const;
  [[nodiscard]] Json summary(const Basis& basis) const;
  struct Wanted {
    std::string photograph;
    std::vector<std::pair<size_t, std::string>> pictures;  // of these rows, into these files
  };
  void draw(std::span<const Wanted> photographs);
  void write_table(const Json& record) const;

  const DissectOptions& options_;
  const ConceptFolder& data_;
  LayerMaps& maps_;
  PixelsAbove& above_;
  const std::vector<Basis>& bases_;
  const DissectionState& state_;
};

}  // namespace phosphene
