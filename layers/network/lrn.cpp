#include "layers/network/lrn.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class LrnBackward final : public Op {
 public:
  explicit LrnBackward(const LrnProblem& forward)
      : problem_{forward.src, forward.radius, forward.alpha, forward.beta, forward.k, forward.storage} {}

  [[nodiscard]] std::string_view kind() const override { return "lrn backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  LrnBackwardProblem problem_;
};

}  // namespace

Lrn::Lrn(int radius, float alpha, float beta, float k) : radius_(radius), alpha_(alpha), beta_(beta), k_(k) {
  // The sum of squares must not be able to reach zero or below, where the power is not defined.
  if (radius < 0 || !(alpha >= 0) || !(k > 0) || !(beta > 0)) {
    fail("", "local response normalisation with radius {}, alpha {}, beta {}, k {}", radius, alpha, beta, k);
  }
}

std::vector<TensorInfo> Lrn::infer(std::span<const TensorInfo> src) const { return {src[0]}; }

Problem Lrn::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return LrnProblem{src[0].shape, radius_, alpha_, beta_, k_, src[0].dtype};
}

void Lrn::differentiate(Differentiator& differentiator, const Node& node) const {
  Graph& graph = differentiator.graph();
  const auto forward = std::get<LrnProblem>(lower(graph.infos(node.src), graph.infos(node.dst)));
  differentiator.contribute(node.src[0],
                            graph.append(std::make_shared<LrnBackward>(forward),
                                         {differentiator.gradient(node.dst[0]), node.src[0]}, "grad " + node.layer));
}

}  // namespace phosphene
