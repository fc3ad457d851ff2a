// The graph: ops in the order they run, and the values between them. From the parameters of the image through the network
// to the objective, and, once `differentiate` has appended the adjoint ops, back.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/interface.h"
#include "runtime/tensor.h"

namespace phosphene {

using ValueId = int;
inline constexpr ValueId kNoValue = -1;

class Differentiator;
class Problem;
struct Node;

// Numbers that an op brings along, and what they are: "factor".
struct OpConstant {
  std::string_view name;
  Weights numbers;
};

// A kind of layer with its attributes: shapes, gradient, and the problem it gives a backend.
// Immutable once built, so graphs share ops.
class Op : public Interface {
 public:
  [[nodiscard]] virtual std::string_view kind() const = 0;  // "convolution"

  // Tables of its own that it reads behind its sources: Graph::append adds each as a constant of shape 1 x count x 1 x 1. The other
  // members are asked about sources and constants together.
  [[nodiscard]] virtual std::vector<OpConstant> constants() const { return {}; }

  // The shapes it writes, given those it reads. Throws Error naming both shapes; Graph::append adds the layer.
  [[nodiscard]] virtual std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const = 0;

  // Appends the ops of the gradient to differentiator.graph() and hands each source its part with
  // differentiator.contribute(). Called only when a source needs a gradient.
  virtual void differentiate(Differentiator& differentiator, const Node& node) const;

  // The problem for a backend. Operands of the step: node.src, then node.dst.
  [[nodiscard]] virtual Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const = 0;

  // An objective: its value is maximised, so its gradient needs none from above.
  [[nodiscard]] virtual bool is_objective() const { return false; }

  // The values this op writes are states that live on from step to step (an optimiser's).
  [[nodiscard]] virtual bool updates_state() const { return false; }
};

enum class Storage : uint8_t {
  transient,  // lives in the arena between its definition and its last use
  state,      // lives outside, under its name, from step to step and from program to program
  constant    // a table of numbers that the backend copies once
};

struct GraphValue {
  std::string name;  // a layer's name, or what it is
  TensorInfo info;
  Storage storage = Storage::transient;
  std::shared_ptr<const void> owner;  // of a constant's numbers
  const std::byte* numbers = nullptr;
};

struct Node {
  std::shared_ptr<const Op> op;
  std::vector<ValueId> src;
  std::vector<ValueId> dst;
  std::string layer;  // for errors and tables
};

class Graph {
 public:
  // A value that outlives the program: parameter, moment, table, input. The same name twice is the same value.
  ValueId state(const std::string& name, const TensorInfo& info);
  // A table of float32 numbers in the order of `info`'s layout.
  ValueId constant(const std::string& name, const TensorInfo& info, Weights numbers);
  // The same in float64.
  ValueId constant(const std::string& name, const TensorInfo& info, std::vector<double> numbers);

  // Appends an op with one output; the output is named `name`.
  ValueId append(std::shared_ptr<const Op> op, std::vector<ValueId> src, const std::string& name);
  // Appends an op with any number of outputs (named name, name#1, ...).
  std::vector<ValueId> append_all(std::shared_ptr<const Op> op, std::vector<ValueId> src, const std::string& name);
  // Appends an op that updates states in place.
  void append_update(std::shared_ptr<const Op> op, std::vector<ValueId> src, std::vector<ValueId> states,
                     const std::string& name);

  [[nodiscard]] const GraphValue& value(ValueId id) const { return values_.at(static_cast<size_t>(id)); }
  [[nodiscard]] const TensorInfo& info(ValueId id) const { return value(id).info; }
  [[nodiscard]] const Shape& shape(ValueId id) const { return value(id).info.shape; }
  [[nodiscard]] const std::vector<GraphValue>& values() const { return values_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] std::vector<TensorInfo> infos(std::span<const ValueId> ids) const;

 private:
  std::vector<GraphValue> values_;
  std::vector<Node> nodes_;
};

}  // namespace phosphene
