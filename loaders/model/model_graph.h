// A network in a graph: of its layers, those that are needed.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "layers/network/relu.h"
#include "loaders/model/model.h"

namespace phosphene {

// Replacements for the gradients of a network's ReLUs (of clips, such as ReLU6, too) and max poolings.
struct GradientRules {
  ReluGradient relu = ReluGradient::plain;
  bool smooth_max_pooling = false;
};

// Neighbouring channels of a layer, computed without its others: by the convolution or linear layer that makes them, and through
// what stands behind that and works channel by channel.
struct ChannelBlock {
  // A layer behind the maker. Concats may stand between them, so that the block's first channel is another one of this layer's.
  struct Passed {
    std::string layer;
    int64_t first = 0;

    bool operator==(const Passed&) const = default;
  };

  std::string maker;             // a layer's canonical name
  int64_t first = 0, count = 0;  // which of its channels; count 0: all
  std::vector<Passed> through;   // activations, poolings, paddings, resizes, constant factors and shifts, in order

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
  // From here on `value` stands for this layer: the network behind it alone.
  void begin_at(const std::string& layer, ValueId value) { values_.insert_or_assign(model_.resolve(layer), value); }
  // The value of the block's channels behind the last of `through`, or the maker.
  ValueId value(const ChannelBlock& block);

 private:
  ValueId append(const std::string& canonical);
  void append(const Layer& layer, std::vector<ValueId> src, const std::string& name, const std::string& way);

  const Model& model_;
  Graph& graph_;
  ValueId input_;
  GradientRules rules_;
  std::string prefix_;
  std::map<std::string, ValueId> values_;  // by name; of a block, by its maker, channels and the layers it went through
};

}  // namespace phosphene
