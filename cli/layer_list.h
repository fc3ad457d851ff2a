// The layers of a model as a list for people: what each computes, what a unit of it sees, and which are worth drawing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loaders/model/model.h"
#include "runtime/tensor.h"

namespace phosphene {

// Channels of a concat that come from one of its inputs.
struct ListedBranch {
  std::string from;
  int64_t first = 0, count = 0;
};

struct ListedLayer {
  std::string name, kind;
  Shape shape;
  int64_t parameters = 0;
  double flops = 0;
  int64_t sees = 0;         // rows of the input that one position reads; the wider side
  int64_t stride = 0;       // rows of the input from one position to the next; 0 where all see the same
  bool ends_block = false;  // where branches meet, or what a pooling reads: worth drawing
  std::vector<ListedBranch> branches;
};

struct LayerList {
  std::vector<ListedLayer> rows;
  std::vector<std::string> unreached;  // layers that have no value at this size,
  std::string why;                     // and why the first of them has none
};

// `size`: of the input; 0: what the model was trained at.
LayerList list_layers(const Model& model, int64_t size);

}  // namespace phosphene
