#include "layers/objective/product_objective.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {

TensorInfo product_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(ProductRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::vector<TensorInfo> ProductObjective::infer(std::span<const TensorInfo> src) const {
  const int64_t n = src[0].shape.n;
  if (src[0] != src[1] || src[0].shape.elements() != n || n % group_ != 0 || src[2] != product_rows(n))
    fail_internal("", "the product of {} and {}", to_string(src[0].shape), to_string(src[1].shape));
  return {src[0], src[0], src[0]};
}

Problem ProductObjective::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return ProductProblem{src[0].shape.n, group_};
}

void ProductObjective::differentiate(Differentiator& differentiator, const Node& node) const {
  for (size_t factor = 0; factor < 2; ++factor) differentiator.contribute(node.src[factor], node.dst[factor + 1]);
}

}  // namespace phosphene
