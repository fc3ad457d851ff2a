#include "layers/optimiser/gradient_scale.h"

#include "layers/optimiser/update.h"
#include "runtime/accumulate.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class SquaredNorm final : public Op {
 public:
  explicit SquaredNorm(const TensorInfo& stopped_at) : stopped_at_(stopped_at) {}

  [[nodiscard]] std::string_view kind() const override { return "squared norm"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{{stopped_at_.shape.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return SquaredNormProblem{parameter_rows(src[0], stopped_at_)};
  }

 private:
  TensorInfo stopped_at_;
};

class ScaledGradient final : public Op {
 public:
  ScaledGradient(const TensorInfo& stopped_at, double limit) : stopped_at_(stopped_at), limit_(limit) {}

  [[nodiscard]] std::string_view kind() const override { return limit_ > 0 ? "clip gradient" : "normalise gradient"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return ScaleGradientProblem{parameter_rows(src[0], stopped_at_), limit_};
  }

 private:
  TensorInfo stopped_at_;
  double limit_;
};

}  // namespace

std::vector<ValueId> append_gradient_scale(Graph& graph, double limit, const std::vector<ValueId>& gradients,
                                           ValueId stopped_at) {
  const TensorInfo owners = graph.info(stopped_at);
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
