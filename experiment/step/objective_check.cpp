#include "experiment/step/objective_check.h"

#include "experiment/config/image_size.h"

namespace phosphene {

ObjectiveCheck::ObjectiveCheck(const Model& model, const Config& config)
    : shape_(input_shape(model, config, config.images)),
      network_(model, graph_, input()),
      references_(graph_, model, config, shape_, [this](ValueId /*photograph*/) { return input(); }),
      objective_(graph_, network_, model, config, config.images, image(config), &references_) {}

ValueId ObjectiveCheck::input() { return graph_.state("input", {shape_, Layout::channels_last, DType::f32}); }

ImageValues ObjectiveCheck::image(const Config& config) {
  const auto planar = [this](const char* name, int64_t channels) {
    return graph_.state(name, {{shape_.n, channels, shape_.h, shape_.w}, Layout::planar, DType::f32});
  };
  return {planar("image", shape_.c), config.transparency ? planar("alpha", 1) : kNoValue};
}

}  // namespace phosphene
