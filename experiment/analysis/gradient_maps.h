// Gradients of an objective with respect to layers at several depths, from one backward pass: a stride leaves a checkerboard in them,
// because the values in front of it count in differently many windows (A. Odena et al., "Deconvolution and Checkerboard Artifacts",
// Distill 2016).
#pragma once

#include <string>
#include <vector>

#include "experiment/pages/power_spectrum.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

struct GradientMap {
  std::string layer;    // "data" is the network's input
  HostTensor gradient;  // 1 x C x H x W

  [[nodiscard]] Shape shape() const;
  // |gradient| summed over channels: H x W.
  [[nodiscard]] std::vector<float> magnitude() const;
};

// d (mean of the unit's channel) / d value, for the input and each of `layers`. `photograph`: 1 x 3 x H x W in [0, 1]. Throws for a
// layer, unit or position that does not exist, and for a layer that the objective does not depend on.
struct ChannelObjective {
  std::string layer;
  int64_t unit = 0;
};
std::vector<GradientMap> gradient_maps(const Model& model, Backend& backend, const HostTensor& photograph,
                                       const ChannelObjective& objective, const std::vector<std::string>& layers);

// The layers on the way to `layer` that something of stride reads, without the input: where checkerboards begin.
std::vector<std::string> layers_before_strides(const Model& model, const std::string& layer);

// Writes the photograph, the input's gradient in colour, every magnitude as a picture, gradients.json and gradients.html into a
// folder. Returns the page's path.
std::string write_gradient_maps(const std::string& folder, const Model& model, const HostTensor& photograph,
                                const ChannelObjective& objective, const std::vector<GradientMap>& maps);

}  // namespace phosphene
