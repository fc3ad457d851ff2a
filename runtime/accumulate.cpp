#include "runtime/accumulate.h"

#include "runtime/differentiator.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<TensorInfo> Accumulate::infer(std::span<const TensorInfo> src) const {
  const size_t sources = src.size() - (masked_ ? 1 : 0);
  if (sources < 1 || sources > static_cast<size_t>(kAccumulateSources)) {
    fail("", "a sum of {} values; between 1 and {} are allowed", sources, kAccumulateSources);
  }
  for (size_t i = 1; i < sources; ++i) {
    if (src[i] != src[0])
      fail("", "a sum of values of shapes {} and {}", to_string(src[0].shape), to_string(src[i].shape));
  }
  TensorInfo dst = src[0];
  if (channels_ > 0) dst.shape.c = channels_;
  if (offset_ + dst.shape.c > src[0].shape.c || (offset_ > 0 && dst.layout != Layout::channels_last)) {
    fail_internal("", "channels {} to {} of a value of shape {}", offset_, offset_ + dst.shape.c,
                  to_string(src[0].shape));
  }
  if (masked_ && src.back() != dst) {
    fail_internal("", "a mask of shape {} for a value of shape {}", to_string(src.back().shape), to_string(dst.shape));
  }
  return {dst};
}

void Accumulate::differentiate(Differentiator& differentiator, const Node& node) const {
  if (masked_ || channels_ > 0) fail_internal(node.layer, "the slice of a gradient is not differentiated again");
  const ValueId gradient = differentiator.gradient(node.dst[0]);
  for (const ValueId src : node.src) {
    if (differentiator.needs(src)) differentiator.contribute(src, gradient);
  }
}

Problem Accumulate::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  AccumulateProblem problem;
  problem.dst = dst[0].shape;
  problem.sources = static_cast<int>(src.size()) - (masked_ ? 1 : 0);
  problem.src_c = src[0].shape.c;
  problem.offset = offset_;
  problem.masked = masked_;
  problem.storage = dst[0].dtype;
  return problem;
}

}  // namespace phosphene
