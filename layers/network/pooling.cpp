#include "layers/network/pooling.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class PoolingBackward final : public Op {
 public:
  explicit PoolingBackward(const PoolingProblem& forward)
      : problem_{forward.src, forward.dst, forward.window, forward.kind, forward.divisor, forward.storage} {}

  [[nodiscard]] std::string_view kind() const override { return "pooling backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  PoolingBackwardProblem problem_;
};

constexpr int64_t kMaxTaps = 256;  // a tap's index is kept in a byte

}  // namespace

Pooling::Pooling(PoolingKind kind, WindowAttributes window, PoolingDivisor divisor, bool global, bool smoothed)
    : kind_(kind), window_(window), divisor_(divisor), global_(global), smoothed_(smoothed) {
  const WindowAttributes& w = window_;
  if (w.dilation_h != 1 || w.dilation_w != 1)
    fail("", "a pooling window with dilation {}x{}; expected 1x1", w.dilation_h, w.dilation_w);
  if (w.pad_top >= w.r || w.pad_bottom >= w.r || w.pad_left >= w.s || w.pad_right >= w.s) {
    fail("", "a pooling window of {}x{} lies entirely in its padding", w.r, w.s);
  }
}

SlidingWindow Pooling::slide_over(const Shape& src) const {
  if (global_) return {{src.h, src.w, 1, 1, 0, 0, 0, 0}, 1, 1};
  return slide(window_, src);
}

std::vector<TensorInfo> Pooling::infer(std::span<const TensorInfo> src) const {
  const Shape& shape = src[0].shape;
  const SlidingWindow sliding = slide_over(shape);
  const Shape dst{shape.n, shape.c, sliding.rows, sliding.columns};
  if (kind_ == PoolingKind::average) return {{dst, Layout::channels_last, src[0].dtype}};
  if (sliding.window.r * sliding.window.s > kMaxTaps) {
    fail("", "max pooling over a window of {}x{}; at most {} taps are possible", sliding.window.r, sliding.window.s,
         kMaxTaps);
  }
  return {{dst, Layout::channels_last, src[0].dtype}, {dst, Layout::channels_last, DType::u8}};
}

Problem Pooling::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const {
  return PoolingProblem{src[0].shape, dst[0].shape, slide_over(src[0].shape).window, kind_, divisor_, src[0].dtype};
}

void Pooling::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  auto forward = std::get<PoolingProblem>(lower(graph.infos(node.src), graph.infos(node.dst)));
  std::vector<ValueId> src{differentiator.gradient(node.dst[0])};
  if (kind_ == PoolingKind::max && smoothed_) {
    forward.kind = PoolingKind::average;
    forward.divisor = PoolingDivisor::inside;
  } else if (kind_ == PoolingKind::max) {
    src.push_back(node.dst[1]);
  }
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<PoolingBackward>(forward), src, "grad " + node.layer));
}

}  // namespace phosphene
