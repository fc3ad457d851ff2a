// The gradient of an op to its one source, where that is one problem that reads grad_dst and has the forward problem's source as `src`.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/differentiate.h"
#include "runtime/graph.h"
#include "runtime/problems/problem.h"

namespace phosphene {

template <class P>
class GradientOp final : public Op {
 public:
  GradientOp(std::string kind, P problem) : kind_(std::move(kind)), problem_(std::move(problem)) {}

  [[nodiscard]] std::string_view kind() const override { return kind_; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> /*src*/) const override {
    return {{problem_.src, Layout::channels_last, problem_.storage}};
  }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> /*src*/, std::span<const TensorInfo> /*dst*/) const override {
    return problem_;
  }

 private:
  std::string kind_;
  P problem_;
};

// Appends `op`, which reads the gradient of the node's value, and hands what it gives to the node's source.
inline void contribute_through(std::shared_ptr<const Op> op, Differentiator& differentiator, const Node& node) {
  const ValueId grad_dst = differentiator.gradient(node.dst[0]);
  differentiator.contribute(node.src[0],
                            differentiator.graph().append(std::move(op), {grad_dst}, "grad " + node.layer));
}

template <class P>
void contribute_gradient(P problem, Differentiator& differentiator, const Node& node) {
  contribute_through(std::make_shared<GradientOp<P>>(std::string(node.op->kind()) + " backward", std::move(problem)),
                     differentiator, node);
}

}  // namespace phosphene
