// What an op is handed when a graph is differentiated (runtime/differentiate.h): it reads the gradient of its result, appends its
// adjoint, and contributes to the gradients of its operands.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "runtime/graph.h"

namespace phosphene {

class Differentiator {
 public:
  explicit Differentiator(Graph& graph) : graph_(graph) {}

  Graph& graph() { return graph_; }

  // True when a gradient with respect to `value` is wanted, or passes through it.
  [[nodiscard]] bool needs(ValueId value) const { return needed_.at(static_cast<size_t>(value)); }

  // Adds `gradient` (same shape as `value`) to the gradient of `value`.
  void contribute(ValueId value, ValueId gradient);

  // The sum of all contributions to the gradient of `value`, or kNoValue when there are none. Several contributions
  // become one Accumulate op.
  ValueId gradient(ValueId value);

 private:
  friend std::vector<ValueId> differentiate(Graph& graph, std::span<const ValueId> wrt);

  Graph& graph_;
  std::vector<bool> needed_;
  std::map<ValueId, std::vector<ValueId>> contributions_;
};

}  // namespace phosphene
