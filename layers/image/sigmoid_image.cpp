#include "layers/image/sigmoid_image.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class SigmoidImageBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "sigmoid image backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override {
    return {{src[1].shape, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return SigmoidImageBackwardProblem{dst[0].shape};
  }
};

}  // namespace

std::vector<TensorInfo> SigmoidImage::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[0].dtype != DType::f32)
    fail_internal("", "a sigmoid image needs float32 values, channels last");
  return {{src[0].shape, Layout::planar, DType::f32}};
}

Problem SigmoidImage::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return SigmoidImageProblem{dst[0].shape};
}

void SigmoidImage::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0],
      differentiator.graph().append(std::make_shared<SigmoidImageBackward>(),
                                    {differentiator.gradient(node.dst[0]), node.dst[0]}, "grad " + node.layer));
}

}  // namespace phosphene
