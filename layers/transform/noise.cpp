#include "layers/transform/noise.h"

#include <algorithm>

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<TensorInfo> Noise::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[0].shape.c != std::ssize(deviation_) ||
      deviation_.size() > kWarpChannels)
    fail_internal("", "noise of {} channels on {}", deviation_.size(), to_string(src[0].shape));
  return {src[0]};
}

void Noise::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(node.src[0], differentiator.gradient(node.dst[0]));
}

Problem Noise::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  NoiseProblem problem{src[0].shape};
  std::copy(deviation_.begin(), deviation_.end(), problem.deviation.begin());
  problem.storage = src[0].dtype;
  return problem;
}

}  // namespace phosphene
