#include "experiment/step/objective_check.h"

namespace phosphene {

ObjectiveCheck::ObjectiveCheck(const Model& model, const Settings& settings)
    : shape_(input_shape(model, settings.image, settings.image.images)),
      network_(model, graph_, input()),
      references_(graph_, model, shape_, [this](ValueId /*photograph*/) { return input(); }),
      objective_(graph_, network_, model, settings.objective, settings.image, shape_, image(settings.image),
                 &references_) {}

ValueId ObjectiveCheck::input() { return graph_.state("input", {shape_, Layout::channels_last, DType::f32}); }

ImageValues ObjectiveCheck::image(const ImageSettings& settings) {
  const auto planar = [this](const char* name, int64_t channels) {
    return graph_.state(name, {{shape_.n, channels, shape_.h, shape_.w}, Layout::planar, DType::f32});
  };
  return {planar("image", shape_.c), settings.transparency ? planar("alpha", 1) : kNoValue};
}

}  // namespace phosphene
