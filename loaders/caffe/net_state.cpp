#include "loaders/caffe/net_state.h"

#include <algorithm>

#include "loaders/caffe/layer_types.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

bool is_met(const NetStateRule& rule, const NetState& state) {
  const auto is_set = [&](const std::string& stage) {
    return std::find(state.stage().begin(), state.stage().end(), stage) != state.stage().end();
  };
  if (rule.has_phase() && rule.phase() != TEST) return false;
  if (rule.has_min_level() && rule.min_level() > 0) return false;
  if (rule.has_max_level() && rule.max_level() < 0) return false;
  return std::all_of(rule.stage().begin(), rule.stage().end(), is_set) &&
         std::none_of(rule.not_stage().begin(), rule.not_stage().end(), is_set);
}

// `phase` in a layer says as which it computes, not whether it is there.
void check_phase(const LayerParameter& layer, const std::string& path) {
  const bool matters = layer.type() == "Dropout" || layer.type() == "BatchNorm";
  if (matters && layer.has_phase() && layer.phase() != TEST)
    fail(place_of(path, layer.name()), "has phase: TRAIN, and would compute as in training");
}

}  // namespace

bool is_there(const LayerParameter& layer, const NetState& state, const std::string& path) {
  if (layer.include_size() > 0 && layer.exclude_size() > 0)
    fail(place_of(path, layer.name()), "has both include and exclude rules");
  const auto met = [&](const NetStateRule& rule) { return is_met(rule, state); };
  if (layer.include_size() > 0) return std::any_of(layer.include().begin(), layer.include().end(), met);
  return std::none_of(layer.exclude().begin(), layer.exclude().end(), met);
}

NetParameter for_inference(const NetParameter& network, const std::string& path) {
  NetParameter result = network;
  result.clear_layer();
  for (const LayerParameter& layer : network.layer()) {
    if (!is_there(layer, network.state(), path)) continue;
    check_phase(layer, path);
    *result.add_layer() = layer;
  }
  if (result.layer_size() == 0) fail(path, "has no layers for inference: all are for training, or for a stage");
  return result;
}

NetParameter of_training(const NetParameter& network, const std::string& path) {
  for (const LayerParameter& layer : network.layer()) {
    const bool anyhow =
        passes(layer.type()) || gives_images(layer.type()) || is_of_training(layer.type()) || is_silence(layer.type());
    if (!anyhow && !is_there(layer, network.state(), path)) fail(place_of(path, layer.name()), "is for training alone");
  }
  return network;
}

}  // namespace phosphene::caffe
