#include "layers/network/adaptive_average_pooling.h"

#include <limits>

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr int64_t kMostBins = 1 << 16;

bool bins_fit(int64_t size, int64_t bins) { return (size + 1) * (bins + 1) <= std::numeric_limits<int32_t>::max(); }

}  // namespace

AdaptiveAveragePooling::AdaptiveAveragePooling(int64_t rows, int64_t columns) : rows_(rows), columns_(columns) {
  if (rows < 1 || columns < 1 || rows > kMostBins || columns > kMostBins)
    fail("", "an average pooling to {}x{}; 1 to {} are possible", rows, columns, kMostBins);
}

std::vector<TensorInfo> AdaptiveAveragePooling::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  if (!bins_fit(shape.h, rows_) || !bins_fit(shape.w, columns_))
    fail("", "a map of shape {} is too large for an average pooling to {}x{}", to_string(shape), rows_, columns_);
  return {{{shape.n, shape.c, rows_, columns_}, Layout::channels_last, src[0].dtype}};
}

Problem AdaptiveAveragePooling::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return AdaptivePoolingProblem{src[0].shape, dst[0].shape, src[0].dtype};
}

void AdaptiveAveragePooling::differentiate(Differentiator& differentiator, const Node& node) const {
  const TensorInfo& src = differentiator.graph().info(node.src[0]);
  contribute_gradient(AdaptivePoolingBackwardProblem{src.shape, differentiator.graph().shape(node.dst[0]), src.dtype},
                      differentiator, node);
}

}  // namespace phosphene
