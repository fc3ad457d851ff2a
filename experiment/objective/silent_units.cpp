#include "experiment/objective/silent_units.h"

#include <fmt/ranges.h>
#include <algorithm>

#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "loaders/model/model.h"

namespace phosphene {
namespace {

constexpr const char* kPre = ":pre";

// The value before the activation nearest behind a layer, whose channels are the layer's: its own, or that of what it pools or
// normalises. "" where there is none.
std::string before_activation(const Model& model, const std::string& layer) {
  const std::vector<std::string> known = model.known_names();
  const auto has_pre = [&](const std::string& name) {
    return std::find(known.begin(), known.end(), name + kPre) != known.end();
  };
  if (has_pre(layer)) return layer + kPre;
  for (const Layer* at = model.find(model.resolve(layer)); at != nullptr; at = model.find(at->inputs.front())) {
    if (has_pre(at->name)) return at->name + kPre;
    if (at->as<Pooling>() == nullptr && at->as<Lrn>() == nullptr) break;
  }
  return "";
}

}  // namespace

std::string layers_of(const Objective& objective) {
  std::vector<std::string> names;
  for (const TermPtr& term : objective.terms) {
    for (const LayerRead& read : term->reads())
      names.push_back(read.layer.empty() ? "the logits" : "'" + read.layer + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

bool reads_network_for(const Objective& objective, const BatchImage& image) {
  return std::any_of(objective.terms.begin(), objective.terms.end(), [&](const TermPtr& term) {
    return term->leads() && !term->reads().empty() && term->weight_for(image) != 0;
  });
}

std::string proposal_for_silent(const Model& model, const Objective& objective, const GradientRules& rules) {
  for (const TermPtr& term : objective.terms) {
    const std::vector<LayerRead> reads = term->reads();
    // A product of values before their activations would mislead.
    if (reads.size() != 1 || reads[0].layer.empty() || reads[0].layer.ends_with(kPre)) continue;
    if (const std::string before = before_activation(model, reads[0].layer); !before.empty())
      return fmt::format("; try '{}', the value before its activation", before);
  }
  if (rules.relu != ReluGradient::plain || !model.has_relu()) return "; another seed may wake it";
  return R"(; try "gradients": {"relu": "redirected"}, which wakes silent units)";
}

}  // namespace phosphene
