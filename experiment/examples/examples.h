// Finds, among any number of photographs, those that a layer's units respond to most, least, middlingly and just below zero; writes
// them with crops of what the units saw into a folder:
//   index.json      the examples, and what a continued search needs (experiment/examples/examples_index.h)
//   crops/UNIT_KIND_RANK.jpg
//   rendered/       on request: the optimised images of the units, from a run folder
//   examples.html
// One photograph is in memory at a time. A search that was stopped is continued by the same command, with the same result.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "experiment/examples/examples_options.h"

namespace phosphene {

// The photographs with a unit's highest activations, the highest first.
struct UnitHighest {
  int64_t unit = 0;
  std::vector<std::pair<std::string, float>> photographs;
};

struct ExamplesResult {
  int64_t photographs = 0;                       // looked at so far, by earlier calls too
  int64_t skipped = 0;                           // of those, could not be read
  std::map<std::string, int64_t> skipped_kinds;  // by kind of reason: "a WebP picture"
  std::string left_out;                          // what the folder holds beside photographs, in words; "" for nothing
  int64_t now = 0;                               // of those, by this call
  double seconds = 0;                            // that this call looked for
  bool interrupted = false;
  std::string page;  // path of examples.html
  std::vector<UnitHighest> highest;
};

ExamplesResult find_examples(const ExamplesOptions& options);

}  // namespace phosphene
