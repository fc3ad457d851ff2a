#include "layers/optimiser/gradient_scale.h"

#include "layers/optimiser/update.h"
#include "runtime/accumulate.h"

namespace phosphene {
namespace {

class SquaredNorm final : public Op {
 public:
  explicit SquaredNorm(const TensorInfo& latch) : latch_(latch) {}

  [[nodiscard]] std::string_view kind() const override { return "squared norm"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{latch_.shape.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return SquaredNormProblem{parameter_rows(src[0], latch_)};
  }

 private:
  TensorInfo latch_;
};

class ScaledGradient final : public Op {
 public:
  ScaledGradient(const TensorInfo& latch, double limit) : latch_(latch), limit_(limit) {}

  [[nodiscard]] std::string_view kind() const override { return limit_ > 0 ? "clip gradient" : "normalise gradient"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return ScaleGradientProblem{parameter_rows(src[0], latch_), limit_};
  }

 private:
  TensorInfo latch_;
  double limit_;
};

}  // namespace

std::vector<ValueId> append_gradient_scale(Graph& graph, double limit, const std::vector<ValueId>& gradients,
                                           ValueId latch) {
  const TensorInfo owners = graph.info(latch);
  ValueId squares = kNoValue;
  for (const ValueId gradient : gradients) {
    const ValueId next = graph.append(std::make_shared<SquaredNorm>(owners), {gradient}, "squared norm");
    squares = squares == kNoValue
                  ? next
                  : graph.append(std::make_shared<Accumulate>(), std::vector<ValueId>{squares, next}, "squared norm");
  }
  std::vector<ValueId> scaled;
  for (const ValueId gradient : gradients)
    scaled.push_back(
        graph.append(std::make_shared<ScaledGradient>(owners, limit), {gradient, squares}, "scale gradient"));
  return scaled;
}

}  // namespace phosphene
