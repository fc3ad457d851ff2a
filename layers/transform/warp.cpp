#include "layers/transform/warp.h"

#include <algorithm>

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class WarpBackward final : public Op {
 public:
  explicit WarpBackward(WarpBackwardProblem problem) : problem_(problem) {}

  [[nodiscard]] std::string_view kind() const override { return "warp backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::planar, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  WarpBackwardProblem problem_;
};

}  // namespace

Warp::Warp(int64_t network_h, int64_t network_w, Outside outside, std::vector<float> scale, std::vector<float> mean,
           std::vector<int> order, DType storage)
    : network_h_(network_h),
      network_w_(network_w),
      outside_(outside),
      scale_(std::move(scale)),
      mean_(std::move(mean)),
      order_(std::move(order)),
      storage_(storage) {
  if (scale_.size() != order_.size() || mean_.size() != order_.size() || mean_.empty() ||
      mean_.size() > kWarpChannels) {
    fail("", "preprocessing with {} scales, {} means and {} channels; at most {} channels are possible", scale_.size(),
         mean_.size(), order_.size(), kWarpChannels);
  }
  std::vector<int> sorted = order_;
  std::sort(sorted.begin(), sorted.end());
  for (size_t c = 0; c < sorted.size(); ++c) {
    if (sorted[c] != static_cast<int>(c))
      fail("", "the order of channels [{}] is not a permutation", fmt::join(order_, ", "));
  }
}

std::vector<TensorInfo> Warp::infer(std::span<const TensorInfo> src) const {
  const Shape& image = src[0].shape;
  if (image.c != static_cast<int64_t>(mean_.size())) {
    fail("", "an image of shape {} for a network of {} channels", to_string(image), mean_.size());
  }
  if (src[1].shape != Shape{image.n, 6, 1, 1} || src[1].dtype != DType::f64) {
    fail_internal("", "matrices of shape {}", to_string(src[1].shape));
  }
  return {{{image.n, image.c, network_h_, network_w_}, Layout::channels_last, storage_}};
}

Problem Warp::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  WarpProblem problem;
  problem.src = src[0].shape;
  problem.dst = dst[0].shape;
  problem.outside = outside_;
  std::copy(scale_.begin(), scale_.end(), problem.scale.begin());
  problem.storage = storage_;
  std::copy(mean_.begin(), mean_.end(), problem.mean.begin());
  std::copy(order_.begin(), order_.end(), problem.order.begin());
  return problem;
}

void Warp::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  WarpBackwardProblem problem;
  problem.src = graph.shape(node.src[0]);
  problem.dst = graph.shape(node.dst[0]);
  problem.outside = outside_;
  std::copy(scale_.begin(), scale_.end(), problem.scale.begin());
  problem.storage = storage_;
  std::copy(order_.begin(), order_.end(), problem.order.begin());
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<WarpBackward>(problem),
                                         {differentiator.gradient(node.dst[0]), node.src[1]}, "grad " + node.layer));
}

}  // namespace phosphene
