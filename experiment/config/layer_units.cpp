#include "experiment/config/layer_units.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/error.h"

namespace phosphene {
namespace {

int64_t units_of(const Model& model, const Json& layer, const std::string& place) {
  if (!layer.is_string()) fail(place, "all of a layer's units are asked for, and no layer is named");
  return at_place(place, [&] {
    const std::string name = layer.get<std::string>();
    return model.channel_counts().at(model.resolve(name.empty() ? model.logits() : name));
  });
}

std::string layer_beside(const std::string& unit) { return unit.substr(0, unit.rfind('/')) + "/layer"; }

bool is_axis_of(const SweepAxis& axis, const std::string& pointer) {
  return axis.keys.size() == 1 && axis.keys.front().pointer == pointer;
}

// Each layer with each of its units.
SweepAxis with_each_unit(const Model& model, const SweptKey& layers, const SweptKey& units, const std::string& place) {
  Json of = Json::array(), numbers = Json::array();
  for (size_t i = 0; i < layers.size(); ++i) {
    const int64_t count = units_of(model, layers.at(i), place);
    for (int64_t unit = 0; unit < count; ++unit) {
      of.push_back(layers.at(i));
      numbers.push_back(unit);
    }
  }
  SweepAxis both{{layers, units}};
  both.keys[0].list = std::make_shared<const Json>(std::move(of));
  both.keys[1].list = std::make_shared<const Json>(std::move(numbers));
  both.keys[1].all = false;
  return both;
}

}  // namespace

Config with_units_of(const Model& model, Config config) {
  std::vector<SweepAxis>& axes = config.sweep.axes;
  for (size_t i = 0; i < axes.size(); ++i) {
    SweptKey& units = axes[i].keys.front();
    if (!units.all) continue;
    const std::string layer = layer_beside(units.pointer), place = config.file + ": " + layer;
    const auto layers =
        std::find_if(axes.begin(), axes.end(), [&](const SweepAxis& axis) { return is_axis_of(axis, layer); });
    if (layers == axes.end()) {
      const Json::json_pointer at(layer);
      units.count = units_of(model, config.json->contains(at) ? (*config.json)[at] : Json(), place);
      units.all = false;
    } else {
      *layers = with_each_unit(model, layers->keys.front(), units, place);
      axes.erase(axes.begin() + static_cast<ptrdiff_t>(i--));
    }
  }
  if (config.sweep.jobs() > kMaxJobs) fail(config.file + ": /sweep", "expected at most {} jobs", kMaxJobs);
  return config;
}

}  // namespace phosphene
