// Class names in files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

struct Labels {
  std::vector<std::string> names;    // by class index
  std::vector<std::string> dropped;  // what stood beside the names, for people: "an index column", "a synset column"
};

// Reads, told by contents (a table by its ending .csv or .tsv too):
//   one name a line
//   columns before the names     an index ("0 tench", "0: tench", "0,tench"), a synset ("n01440764 tench"), both
//   a table                      with or without a header, quoted fields; one column of names, the others an index or synsets
//   JSON                         a list of names; {"0": "tench"}; {"0": ["n01440764", "tench"]}, as Keras has it;
//                                {"tench": 0}; any object with "id2label", as transformers' config.json
// An index must count 0, 1, 2 ..., or 1, 2, 3 ..., without gaps, a text's in this order. Throws one line that says what
// to do when it does not, when a line is empty (the indices after it would be in doubt), when a name holds control
// characters, and when it is not clear which column has the names.
// `classes`: how many the network tells apart, 0 where that is unknown. Where that is one fewer, a first name "background" or
// "dummy", which TensorFlow's lists have, is dropped.
Labels read_labels(const std::string& path, int64_t classes = 0);

}  // namespace phosphene
