#include "layers/image/colour.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

class ColourBackward final : public Op {
 public:
  ColourBackward(bool decorrelated, bool clipped) : decorrelated_(decorrelated), clipped_(clipped) {}

  [[nodiscard]] std::string_view kind() const override { return "colour backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return ColourBackwardProblem{dst[0].shape, decorrelated_, clipped_};
  }

 private:
  bool decorrelated_, clipped_;
};

}  // namespace

std::vector<TensorInfo> Colour::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::planar) fail_internal("", "colour wants a planar image");
  if (decorrelated_ && src[0].shape.c != 3) {
    fail("", "{} colour wants 3 channels, the image has {}; say \"colour\": \"plain\"",
         clipped_ ? "clipped" : "decorrelated", src[0].shape.c);
  }
  return {src[0]};
}

Problem Colour::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return ColourProblem{dst[0].shape, decorrelated_, clipped_};
}

void Colour::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<ColourBackward>(decorrelated_, clipped_),
                                    {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
