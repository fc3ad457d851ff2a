// Where a dissection stands: integers, and the name of the last photograph. OUT/state.safetensors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiment/dissection/activation_histogram.h"
#include "experiment/dissection/concept_counts.h"
#include "experiment/examples/example_selection.h"
#include "loaders/json.h"

namespace phosphene {

// The photographs are read two or three times.
enum class Reading : uint8_t {
  histogram,   // of the upper halves of activations
  refinement,  // of their lower halves, where the thresholds lie
  counts,      // of pixels
  done
};

struct DissectionState {
  // `empty`: counts without pixels, of all rows. `units`: rows that keep their `top` photographs.
  DissectionState(const ConceptCounts& empty, size_t permutations, size_t units, size_t top);

  Reading reading = Reading::histogram;
  std::string backend;              // of the first call
  std::string last;                 // the last photograph of this reading; "" before the first
  int64_t done = 0;                 // photographs of this reading, up to that one
  int64_t in_group = 0;             // of the group behind them, that are done too
  uint64_t group_keys = 0;          // sum of name_key of that whole group
  int64_t all = 0;                  // of a whole one
  uint64_t keys = 0, all_keys = 0;  // sums of name_key of these
  ActivationHistogram histogram;
  uint64_t positions = 0;                          // that the histogram has seen, of each row
  std::unique_ptr<QuantileRefinement> refinement;  // from its reading on
  std::vector<float> thresholds;                   // once they are known
  ConceptCounts counts;
  std::vector<ConceptCounts> chance;  // with the masks of other photographs, by permutation
  std::vector<BestExamples> top;

  // `asked`: what the dissection is of.
  void write(const std::string& path, const Json& asked) const;
  // Throws one line for a file that holds another dissection (of which the first difference is named), or is damaged.
  void read(const std::string& path, const Json& asked);

 private:
  [[nodiscard]] Json to_json() const;
  void from_json(const Json& json);
};

}  // namespace phosphene
