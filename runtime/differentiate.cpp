#include "runtime/differentiate.h"

#include <algorithm>
#include <memory>

#include "runtime/accumulate.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

constexpr auto kFan = static_cast<size_t>(kAccumulateSources);

}  // namespace

void Differentiator::contribute(ValueId value, ValueId gradient) {
  if (graph_.shape(value) != graph_.shape(gradient) || graph_.info(value).dtype != graph_.info(gradient).dtype) {
    fail_internal(graph_.value(value).name, "a gradient of shape {} for a value of shape {}",
                  to_string(graph_.shape(gradient)), to_string(graph_.shape(value)));
  }
  contributions_[value].push_back(gradient);
}

ValueId Differentiator::gradient(ValueId value) {
  const auto found = contributions_.find(value);
  if (found == contributions_.end()) return kNoValue;
  std::vector<ValueId>& parts = found->second;
  const std::string name = "grad " + graph_.value(value).name;
  while (parts.size() > 1) {
    std::vector<ValueId> sums;
    for (size_t first = 0; first < parts.size(); first += kFan) {
      const size_t last = std::min(first + kFan, parts.size());
      const std::vector<ValueId> group(parts.begin() + static_cast<ptrdiff_t>(first),
                                       parts.begin() + static_cast<ptrdiff_t>(last));
      sums.push_back(group.size() == 1 ? group[0] : graph_.append(std::make_shared<Accumulate>(), group, name));
    }
    parts = std::move(sums);
  }
  return parts.front();
}

std::vector<ValueId> differentiate(Graph& graph, std::span<const ValueId> wrt) {
  Differentiator differentiator(graph);
  std::vector<bool>& needed = differentiator.needed_;
  needed.assign(graph.values().size(), false);
  for (const ValueId value : wrt) needed.at(static_cast<size_t>(value)) = true;
  for (const Node& node : graph.nodes()) {
    const bool passes =
        std::any_of(node.src.begin(), node.src.end(), [&](ValueId id) { return needed[static_cast<size_t>(id)]; });
    if (!passes || node.op->updates_state()) continue;
    for (const ValueId id : node.dst) needed[static_cast<size_t>(id)] = true;
  }
  // The list grows while we walk it backwards, so nodes are copied, not referenced.
  for (size_t index = graph.nodes().size(); index-- > 0;) {
    const Node node = graph.nodes()[index];
    if (node.op->updates_state() || !needed[static_cast<size_t>(node.dst.front())]) continue;
    const bool reached = std::any_of(node.dst.begin(), node.dst.end(),
                                     [&](ValueId id) { return differentiator.contributions_.contains(id); });
    if (reached || node.op->is_objective()) node.op->differentiate(differentiator, node);
  }
  std::vector<ValueId> gradients;
  for (const ValueId value : wrt) gradients.push_back(differentiator.gradient(value));
  return gradients;
}

}  // namespace phosphene
