// A transparent image over a background, in linear light or as the numbers are; kernels/composite.h. And the background itself: a random
// Fourier image before colour, another one for each image and step (kernels/normal.h), drawn on the device.
#pragma once

#include "layers/image/fourier_image.h"
#include "runtime/graph.h"

namespace phosphene {

class Composite final : public Op {
 public:
  explicit Composite(bool gamma) : gamma_(gamma) {}

  [[nodiscard]] std::string_view kind() const override { return "composite"; }
  // The image, its alpha (one channel), and the background, which gets no gradient; all planar.
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  bool gamma_;
};

// Appends an image before colour whose spectrum has coefficients N(0, sd^2). `keys`: DrawKeys, one for each image; `step`: the step number.
ValueId append_random_fourier_image(Graph& graph, const FourierParameterization& parameterization, double sd,
                                    ValueId keys, ValueId step);

}  // namespace phosphene
