#include "loaders/caffe/net_state.h"

#include <algorithm>

#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

bool is_met(const NetStateRule& rule) {
  if (rule.has_phase() && rule.phase() != TEST) return false;
  if (rule.has_min_level() && rule.min_level() > 0) return false;
  if (rule.has_max_level() && rule.max_level() < 0) return false;
  return rule.stage_size() == 0;  // no stage is set: a rule that asks for one is not met, and one that forbids some is
}

bool is_there(const LayerParameter& layer, const std::string& path) {
  if (layer.include_size() > 0 && layer.exclude_size() > 0)
    fail(fmt::format("{}: layer '{}'", path, layer.name()), "has both include and exclude rules");
  if (layer.has_phase() && layer.phase() != TEST) return false;
  if (layer.include_size() > 0) return std::any_of(layer.include().begin(), layer.include().end(), is_met);
  return std::none_of(layer.exclude().begin(), layer.exclude().end(), is_met);
}

}  // namespace

NetParameter for_inference(const NetParameter& network, const std::string& path) {
  NetParameter result = network;
  result.clear_layer();
  for (const LayerParameter& layer : network.layer()) {
    if (is_there(layer, path)) *result.add_layer() = layer;
  }
  return result;
}

}  // namespace phosphene::caffe
