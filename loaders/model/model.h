// What every loader ends in: the layers of a trained network, its weights, how its input is prepared, and its names.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "layers/network/relu.h"
#include "loaders/mapped_file.h"
#include "runtime/graph.h"

namespace phosphene {

// input[c] = scale * value[order[c]] - mean[c], value an RGB (or other) image in [0, 1].
struct Preprocessing {
  float scale = 255;
  std::vector<float> mean;  // one per channel of the network's input, in its order
  std::vector<int> order;   // {2, 1, 0} for a network that wants BGR
};

// One op of the network under the name of the value it writes. A layer with a ReLU is two of these: "conv1:pre", the
// convolution, and "conv1", its ReLU.
struct Layer {
  std::string name;
  std::shared_ptr<const Op> op;
  std::vector<std::string> inputs;  // names of layers, or Model::kInput
};

struct Model {
  static constexpr const char* kInput = "data";

  std::string name;                   // "bvlc_googlenet"
  int64_t channels = 3;               // of the input
  int64_t height = 224, width = 224;  // the size it was trained at: the default, not a limit
  Preprocessing preprocessing;
  std::vector<Layer> layers;                   // in an order in which every input stands before its reader
  std::map<std::string, std::string> aliases;  // "mixed4a" -> "inception_4a/output"
  std::vector<std::string> labels;             // by class index; empty when unknown
  std::shared_ptr<const MappedFile> file;      // where the weights lie; null when they lie in memory of their own

  [[nodiscard]] const Layer* find(const std::string& name) const;  // by exact name; null when there is none
  // By a name that `resolve` gave. The concat of what stood before ReLUs is none of `layers`, but made here.
  [[nodiscard]] Layer layer(const std::string& canonical) const;
  // By the same names, and the input's: how many channels each value has.
  [[nodiscard]] std::map<std::string, int64_t> channel_counts() const;
  [[nodiscard]] bool has_relu() const;
  [[nodiscard]] bool has_max_pooling() const;

  // The canonical name for a layer, an alias, or either followed by ":pre" (what stood before the layer's ReLU; for a
  // concat of ReLUs, the concat of what stood before each). Throws with the nearest name when there is none, or when no
  // ReLU is there.
  [[nodiscard]] std::string resolve(const std::string& name) const;

  // The names a user may give, aliases and ":pre" values included.
  [[nodiscard]] std::vector<std::string> known_names() const;

  // The layer whose value are the logits: the input of the final softmax, else the last layer if it has a value per
  // label. Throws when the network has no classifier.
  [[nodiscard]] std::string logits() const;

  // The index of a class by its label ("tabby", case-insensitive; a whole label, one of its comma-separated names, or a
  // unique part). Throws with the nearest label, or the candidates when several fit.
  [[nodiscard]] int64_t class_index(const std::string& label) const;
};

// What passes backwards through a network's ReLUs and max poolings, where it is not to be their derivative.
struct GradientRules {
  ReluGradient relu = ReluGradient::plain;
  bool smooth_max_pooling = false;
};

// Neighbouring channels of a layer, computed without its others: by the convolution or linear layer that makes them, and through
// what stands behind that and works channel by channel.
struct ChannelBlock {
  std::string maker;                 // a layer's canonical name
  int64_t first = 0, count = 0;      // which of its channels; count 0: all
  std::vector<std::string> through;  // ReLUs and poolings, in order

  bool operator==(const ChannelBlock&) const = default;
};

// Appends the layers of a model that some value needs to a graph, each once.
class ModelGraph {
 public:
  // `input`: the prepared network input, channels_last.
  // `prefix`: before the layers' names in the graph, where several such networks are in one.
  ModelGraph(const Model& model, Graph& graph, ValueId input, GradientRules rules = {}, std::string prefix = "")
      : model_(model), graph_(graph), input_(input), rules_(rules), prefix_(std::move(prefix)) {}

  // The value of a layer by any name that Model::resolve accepts.
  ValueId value(const std::string& name);
  // What the last of `through`, or the maker, makes of the block's channels alone.
  ValueId value(const ChannelBlock& block);

 private:
  ValueId append(const std::string& canonical);
  void append(const Layer& layer, std::vector<ValueId> src, const std::string& name);

  const Model& model_;
  Graph& graph_;
  ValueId input_;
  GradientRules rules_;
  std::string prefix_;
  std::map<std::string, ValueId> values_;
};

// Reads any supported format, told by its contents and ending. `topology` (Caffe's prototxt), `architecture` (Keras
// weights without a topology) and `labels` (a text file, one label a line, a leading synset id dropped) may be empty.
Model load_model(const std::string& path, const std::string& topology = "", const std::string& architecture = "",
                 const std::string& labels = "");

// A model or generator by path (relative to `base`, if given), else NAME.safetensors in $PHOSPHENE_MODELS, ./models,
// ~/.cache/phosphene, and the folder of those that come with phosphene. Throws naming every place that was tried and the nearest
// model found there.
std::string find_model(const std::string& name_or_path, const std::string& base = "");

}  // namespace phosphene
