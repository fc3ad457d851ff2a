// A network on its way from a file's graph (loaders/source) to a Model: what each of the file's values has become, at the size it is
// imported at. Rules (rules.h) say what ops mean and append layers here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loaders/import/view.h"
#include "loaders/model/model.h"
#include "loaders/source/attributes.h"
#include "loaders/source/network.h"

namespace phosphene::source {

// Either known while importing, or computed by a layer.
struct Value {
  std::optional<Constant> constant;
  std::string layer;  // or Model::kInput
  Shape shape;        // of the layer's value
  View view;          // how the file sees it

  [[nodiscard]] std::vector<int64_t> sizes() const { return constant ? constant->dims : view.sizes(); }
};

class Importer {
 public:
  Importer(const Network& network, Model& model);

  [[nodiscard]] const Network& network() const { return network_; }
  // What a name has become; throws when no node before has written it.
  [[nodiscard]] const Value& value(const std::string& name) const;
  [[nodiscard]] bool knows(const std::string& name) const { return values_.contains(name); }
  void set(const std::string& name, Value value) { values_[name] = std::move(value); }

  // Grants so many more elements to be computed from constants, or refuses: all together at most four times as many as the file
  // holds, and 2^26 more.
  [[nodiscard]] bool may_make(int64_t elements);

  // Appends a layer under the name of the value that it makes, seen as N x C x H x W. Throws when the op refuses its sources.
  Value append(const std::string& name, std::shared_ptr<const Op> op, const std::vector<Value>& sources);

 private:
  const Network& network_;
  Model& model_;
  std::map<std::string, Value> values_;
  int64_t allowance_ = int64_t{1} << 26;  // what may_make still grants
};

// One node while a rule translates it. Errors are placed at the node.
class Translation {
 public:
  Translation(Importer& importer, const Node& node)
      : importer_(importer), node_(node), attributes_(importer.network(), node) {}

  [[nodiscard]] Attributes& attributes() { return attributes_; }
  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] size_t inputs() const { return node_.inputs.size(); }
  // Each of these asks for an input; one that nobody asked for is refused, as attributes are.
  [[nodiscard]] bool has(size_t input) const;
  [[nodiscard]] const Value& input(size_t index) const;             // throws when it is not given
  [[nodiscard]] bool is_constant(size_t index) const;               // given, and known
  [[nodiscard]] const Constant& constant(size_t index) const;       // throws when it must be computed
  [[nodiscard]] std::vector<int64_t> integers(size_t index) const;  // of a constant
  [[nodiscard]] double scalar(size_t index) const;                  // of a constant of one element
  [[nodiscard]] Weights weights(size_t index) const;                // of a constant of floating-point numbers

  [[nodiscard]] bool may_make(int64_t elements) { return importer_.may_make(elements); }
  [[nodiscard]] bool all_known() const;  // whether every input is a constant; asks for none

  // The input as N x C x H x W in this order of the file's dimensions (TensorFlow: N H W C). Channels that a reshape left in another
  // order are put right by a layer. Throws when it is seen in another way.
  [[nodiscard]] Value image(size_t index, const std::vector<Axis>& order = kPlanar);
  // A value one of whose dimensions must be the channels: put in order by a layer with this suffix where they are not.
  [[nodiscard]] Value with_channels(const Value& value, size_t dimension, const std::string& suffix = ":order");
  // An attribute or index that counts dimensions, negative ones from the end.
  [[nodiscard]] size_t dimension(int64_t axis, size_t rank) const;

  // Appends a layer for an output of the node (several layers of one output: with a suffix).
  Value append(std::shared_ptr<const Op> op, const std::vector<Value>& sources, const std::string& suffix = "",
               size_t output = 0);
  void result(Value value, size_t output = 0);
  // Throws for what the rule did not ask for, and for an output that somebody reads and it did not give.
  void finish() const;

  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    attributes_.refuse(what, std::forward<Arguments>(arguments)...);
  }

  static const std::vector<Axis> kPlanar;  // N C H W

 private:
  Importer& importer_;
  const Node& node_;
  Attributes attributes_;
  mutable std::set<size_t> asked_;  // of the inputs
};

}  // namespace phosphene::source
