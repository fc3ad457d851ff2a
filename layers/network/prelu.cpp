#include "layers/network/prelu.h"

#include <algorithm>
#include <cmath>

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class PReluBackward final : public Op {
 public:
  [[nodiscard]] std::string_view kind() const override { return "prelu backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[1]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const override {
    return PReluBackwardProblem{dst[0].shape, dst[0].dtype};
  }
};

}  // namespace

PRelu::PRelu(Weights slopes) : slopes_(std::move(slopes)) {
  if (slopes_.data == nullptr || slopes_.elements() == 0) fail("", "expected slopes, got none");
  const float* end = slopes_.data + slopes_.elements();
  if (!std::all_of(slopes_.data, end, [](float slope) { return std::isfinite(slope); }))
    fail("", "a slope is not finite");
}

std::vector<TensorInfo> PRelu::infer(std::span<const TensorInfo> src) const {
  if (src.size() != 2) fail_internal("", "a prelu reads a value and its slopes");
  if (src[0].layout != Layout::channels_last) fail_internal("", "a prelu needs values channels last");
  if (src[1].shape.elements() != src[0].shape.c)
    fail("", "{} slopes for {} channels", src[1].shape.elements(), src[0].shape.c);
  return {src[0]};
}

Problem PRelu::lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> dst) const {
  return PReluProblem{dst[0].shape, dst[0].dtype};
}

void PRelu::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(
      node.src[0], differentiator.graph().append(std::make_shared<PReluBackward>(),
                                                 {differentiator.gradient(node.dst[0]), node.src[0], node.src[1]},
                                                 "grad " + node.layer));
}

ValueId PRelu::append_slopes(Graph& graph, int64_t channels, const std::string& name) const {
  if (slopes_.elements() != channels && slopes_.elements() != 1)
    fail(name, "{} slopes for {} channels; expected as many, or one", slopes_.elements(), channels);
  const TensorInfo info{{1, channels, 1, 1}, Layout::channels_last, DType::f32};
  if (slopes_.elements() == channels) return graph.constant(name + " slopes", info, slopes_);
  return graph.constant(name + " slopes", info,
                        Weights::from(std::vector<float>(static_cast<size_t>(channels), slopes_.data[0]), {channels}));
}

}  // namespace phosphene
