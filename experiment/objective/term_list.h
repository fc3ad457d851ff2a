// All kinds of terms, one row each, and the list of them that a config writes.
#pragma once

#include <vector>

#include "experiment/objective/term.h"

namespace phosphene {

const std::vector<TermKind>& term_kinds();

// A list of terms for a group of `images`.
Objective read_objective(const JsonReader& reader, int64_t images);

// The formats of a term and of the list: of the schema, the reference of keys, and what is data.
FormatPtr term_format();
FormatPtr objective_format();

// A term as a page shows it.
struct TermInWords {
  std::string kind;   // its key: "channel"
  std::string words;  // "channel 97"; of what it cannot read, the kind
  std::string layer;  // the layer that it is read from, "" for the logits
  bool reads_layer = false;
};

// One for each entry of the list `terms`.
std::vector<TermInWords> in_words(const Json& terms);

// A list of terms in a file, or an object with the key `objective`: what `probe --objective` reads.
Objective load_objective(const std::string& path, int64_t images);

}  // namespace phosphene
