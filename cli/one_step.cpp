#include "cli/channel_step.h"

#include "cli/device_option.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

std::string deepest_map(const Model& model) {
  Graph graph;
  ModelGraph network(model, graph, graph.state(Model::kInput, {{1, model.channels, model.height, model.width}}));
  std::string deepest;
  for (const Layer& layer : model.layers) {
    const Shape& shape = graph.shape(network.value(layer.name));
    if (shape.h > 1 && shape.w > 1) deepest = layer.name;
  }
  if (deepest.empty()) fail(model.name, "no layer of it has a map");
  return deepest;
}

}  // namespace

Config channel_config(const Model& model, const ChannelStepOptions& options) {
  const std::string layer = options.layer.empty() ? deepest_map(model) : options.layer;
  Json json = {{"version", 1},
               {"model", model.name},
               {"images", options.batch},
               {"objective", Json::array({{{"channel", {{"layer", layer}, {"unit", 0}}}}})}};
  json["precision"] = options.precision;
  json["size"] = options.size > 0 ? options.size : model.height;
  return parse_config(json, "", ".");
}

ChannelStep::ChannelStep(const Model& model, const ChannelStepOptions& options)
    : ChannelStep(model, options, open_device(options.device)) {}

ChannelStep::ChannelStep(const Model& model, const ChannelStepOptions& options, std::unique_ptr<Backend> backend)
    : layer_(options.layer.empty() ? deepest_map(model) : options.layer),
      config_(channel_config(model, options)),
      backend_(std::move(backend)),
      step_(std::make_unique<StepProgram>(model, config_, options.batch, *backend_)) {
  std::vector<Slot> slots;
  for (int64_t image = 0; image < options.batch; ++image) slots.push_back({&config_, image, 0});
  step_->start(slots);
}

}  // namespace phosphene
