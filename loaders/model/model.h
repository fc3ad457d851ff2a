// The result of every loader: the layers of a trained network, its weights, how its input is prepared, and its names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loaders/mapped_file.h"
#include "loaders/model/preprocessing.h"
#include "runtime/graph.h"

namespace phosphene {

// One op of the network under the name of the value it writes. A layer with an activation is two of these:
// "conv1:pre", the convolution, and "conv1", its ReLU.
struct Layer {
  std::string name;
  std::shared_ptr<const Op> op;
  std::vector<std::string> inputs;  // names of layers, or Model::kInput

  // The op as what it is; null when it is another.
  template <class T>
  [[nodiscard]] const T* as() const {
    return dynamic_cast<const T*>(op.get());
  }
};

struct Model {
  static constexpr const char* kInput = "data";

  std::string name;                   // "bvlc_googlenet"
  int64_t channels = 3;               // of the input
  int64_t height = 224, width = 224;  // the size it was trained at: the default, not a limit
  Preprocessing preprocessing;
  // Why it is that, for people: "transform_param of layer 'data'"; begins with kAssumed where nobody said so; "" where unknown.
  std::string preprocessing_source;
  std::vector<Layer> layers;                   // in an order in which every input stands before its reader
  std::map<std::string, std::string> aliases;  // "mixed4a" -> "inception_4a/output"
  std::map<std::string, std::string> folded;   // values that no longer exist -> the layer that took them up
  std::vector<std::string> labels;             // by class index; empty when unknown
  std::vector<std::string> notes;              // what its loader dropped or assumed, a line each; not stored in files
  std::vector<std::string> files;              // all that it was read from, by path; not stored in files
  std::shared_ptr<const MappedFile> file;      // where the weights lie; null when they lie in memory of their own

  // Gives back the memory of weights that were read from `file`; they are read again when they are used again.
  void let_go_of_pages() const;

  [[nodiscard]] const Layer* find(const std::string& name) const;  // by exact name; null when there is none
  // By a name that `resolve` gave. The concat of what stood before activations is none of `layers`, but made here.
  [[nodiscard]] Layer layer(const std::string& canonical) const;
  // By the same names, and the input's: how many channels each value has.
  [[nodiscard]] std::map<std::string, int64_t> channel_counts() const;
  [[nodiscard]] bool has_relu() const;  // or a clip: what GradientRules::relu is about
  [[nodiscard]] bool has_max_pooling() const;

  // The canonical name for a layer, an alias, or either followed by ":pre" (what stood before the layer's activation, a ReLU or
  // another; for a concat of activations, the concat of what stood before each). Throws with the nearest name when there is none, or
  // when no activation is there; and with the layer to ask for where the value was folded into another.
  [[nodiscard]] std::string resolve(const std::string& name) const;

  // The names a user may give, aliases and ":pre" values included.
  [[nodiscard]] std::vector<std::string> known_names() const;

  // The layer whose value is the logits: the input of the final softmax, else the last layer if it has a value per
  // label or, without labels, is a vector. Throws when the network has no classifier.
  [[nodiscard]] std::string logits() const;

  // The index of a class by its label ("tabby", case-insensitive; a whole label, one of its comma-separated names, or a
  // unique part). Throws with the nearest label, or the candidates when several fit.
  [[nodiscard]] int64_t class_index(const std::string& label) const;
};

// Throws one line under `place` unless the network reads three channels.
void require_photographs(const Model& model, const std::string& place);

}  // namespace phosphene
