#include "layers/network/concat.h"

#include "runtime/accumulate.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

std::vector<TensorInfo> Concat::infer(std::span<const TensorInfo> src) const {
  if (src.empty()) fail("", "a concat needs at least one source");
  TensorInfo dst = src[0];
  for (const TensorInfo& info : src.subspan(1)) {
    Shape same_but_channels = info.shape;
    same_but_channels.c = src[0].shape.c;
    if (same_but_channels != src[0].shape || info.dtype != dst.dtype) {
      fail("", "values of shapes {} and {} cannot be concatenated along channels", to_string(src[0].shape),
           to_string(info.shape));
    }
    dst.shape.c += info.shape.c;
  }
  return {dst};
}

Problem Concat::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  ConcatProblem problem{dst[0].shape, {}, dst[0].dtype};
  for (const TensorInfo& info : src) problem.channels.push_back(info.shape.c);
  return problem;
}

void Concat::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const ValueId gradient = differentiator.gradient(node.dst[0]);
  int64_t offset = 0;
  for (const ValueId src : node.src) {
    const int64_t channels = graph.shape(src).c;
    if (differentiator.needs(src)) {
      differentiator.contribute(
          src, graph.append(std::make_shared<Accumulate>(offset, channels, false), {gradient}, "grad " + node.layer));
    }
    offset += channels;
  }
}

}  // namespace phosphene
