#include "layers/network/softmax.h"

#include "runtime/differentiate.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class SoftmaxBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "softmax backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return SoftmaxBackwardProblem{dst[0].shape, dst[0].dtype};
  }
};

}  // namespace

std::vector<TensorInfo> Softmax::infer(std::span<const TensorInfo> src) const { return {src[0]}; }

Problem Softmax::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return SoftmaxProblem{src[0].shape, src[0].dtype};
}

void Softmax::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<SoftmaxBackward>(),
                                    {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
