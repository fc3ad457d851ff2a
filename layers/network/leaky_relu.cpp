#include "layers/network/leaky_relu.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LeakyReluBackward final : public Op {
 public:
  explicit LeakyReluBackward(float slope) : slope_(slope) {}

  [[nodiscard]] std::string_view kind() const override { return "leaky relu backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return LeakyReluBackwardProblem{dst[0].shape.elements(), slope_, dst[0].dtype};
  }

 private:
  float slope_;
};

}  // namespace

LeakyRelu::LeakyRelu(float slope) : slope_(slope) {
  if (!(slope >= 0)) fail("", "expected a leaky ReLU slope of 0 or more, got {}", slope);
}

Problem LeakyRelu::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return LeakyReluProblem{src[0].shape.elements(), slope_, src[0].dtype};
}

void LeakyRelu::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<LeakyReluBackward>(slope_),
                                    {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
