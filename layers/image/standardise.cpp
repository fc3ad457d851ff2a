#include "layers/image/standardise.h"

#include "kernels/standardise.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class StandardiseBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "standardise backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return StandardiseBackwardProblem{src[1].shape};
  }
};

}  // namespace

Standardise::Standardise(float epsilon) : epsilon_(epsilon) {
  if (!(epsilon > 0)) fail_internal("", "an epsilon of {}", epsilon);
}

std::vector<TensorInfo> Standardise::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::planar || src[0].dtype != DType::f32)
    fail_internal("", "standardisation needs planar float32 values");
  return {src[0], {{src[0].shape.n, kStandardiseStatistics, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem Standardise::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return StandardiseProblem{src[0].shape, epsilon_};
}

void Standardise::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0], differentiator.graph().append(std::make_shared<StandardiseBackward>(),
                                                 {differentiator.gradient(node.dst[0]), node.dst[0], node.dst[1]},
                                                 "grad " + node.layer));
}

}  // namespace phosphene
