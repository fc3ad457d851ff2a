// index.json of a folder of examples: what was asked, what was found, and the state of the search.
//   asked        model, layer, scales, per_unit, units, fingerprint of the weights
//   photographs  looked at; skipped: how many of them could not be read, how many for each kind of reason, and the first of them
//   left_out     what the folder holds beside photographs (PhotoFolder::LeftOut): numbers, the first names, and all of it in words
//   units        for each: highest, median, below_zero and lowest, the best first; of each example the photograph and its size,
//                activation, scale, tile, position (row, column of the layer's map), crop (left, top, width, height in the
//                photograph) and picture, the crop's file
//   state        last: the name of the last photograph; keys; sample: the photographs of PhotographSample, with the highest response
//                of each unit as [activation, scale's index, tile, row, column]
// Activations have nine digits, which give the same float32 back. A continued search takes up photographs that sort behind `last`; one
// that was added or removed before it is refused.
#pragma once

#include <map>

#include "experiment/examples/unit_responses.h"
#include "experiment/photos/photo_folder.h"
#include "loaders/json.h"

namespace phosphene {

struct ExamplesState {
  ExamplesState(size_t units, size_t per_unit) : selection(units, per_unit) {}

  static constexpr size_t kSkippedNamed = 100;

  std::string backend;  // at the first start
  int64_t photographs = 0, skipped = 0;
  std::vector<std::pair<std::string, std::string>> first_skipped;  // name, reason: at most kSkippedNamed
  std::map<std::string, int64_t> skipped_kinds;                    // "a WebP picture"
  std::string last;                                                // name of the last photograph looked at
  uint64_t keys = 0;                                               // sum of the keys of all names up to there
  ExampleSelection selection;
};

// Two searches are the same if this is equal.
Json examples_request(const std::string& model, const UnitResponses& responses, int64_t per_unit);

// What a reason to skip a photograph has in common with others: "is a WebP picture; expected ..." is "a WebP picture".
std::string kind_of_reason(const std::string& reason);

// `folder`: of the photographs, as given; `left_out`: of it.
Json examples_index(const Json& request, const std::string& folder, const PhotoFolder::LeftOut& left_out,
                    const ExamplesState& state, const UnitResponses& responses);

// One line for each unit and each photograph of the sample.
std::string to_lines(const Json& index);

// Throws with the place in `file` for what cannot be.
void read_state(const Json& index, const std::string& file, const UnitResponses& responses, ExamplesState& state);

}  // namespace phosphene
