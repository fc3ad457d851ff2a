#include "layers/network/channel_range.h"

#include "layers/network/gradient_op.h"
#include "runtime/error.h"

namespace phosphene {

ChannelRange::ChannelRange(int64_t first, int64_t count) : first_(first), count_(count) {
  if (first < 0 || count < 1) fail("", "a slice of {} channels from channel {} on", count, first);
}

std::vector<TensorInfo> ChannelRange::infer(std::span<const TensorInfo> src) const {
  TensorInfo dst = src[0];
  if (first_ + count_ > dst.shape.c) {
    fail("", "channels {} to {} of a value of shape {}, which has {}", first_, first_ + count_ - 1,
         to_string(dst.shape), dst.shape.c);
  }
  dst.shape.c = count_;
  return {dst};
}

Problem ChannelRange::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  AccumulateProblem problem;
  problem.dst = dst[0].shape;
  problem.src_c = src[0].shape.c;
  problem.offset = first_;
  problem.storage = dst[0].dtype;
  return problem;
}

void ChannelRange::differentiate(Differentiator& differentiator, const Node& node) const {
  const TensorInfo& src = differentiator.graph().info(node.src[0]);
  contribute_gradient(ChannelSliceBackwardProblem{src.shape, first_, count_, src.dtype}, differentiator, node);
}

}  // namespace phosphene
