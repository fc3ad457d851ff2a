#include "layers/objective/alignment.h"

#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"

namespace phosphene {
namespace {

class AlignmentBackward final : public Op {
 public:
  explicit AlignmentBackward(int64_t group) : group_(group) {}

  [[nodiscard]] std::string_view kind() const override { return "alignment backward"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override { return {src[0]}; }
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const override {
    return AlignmentBackwardProblem{src[0].shape, group_, src[0].dtype};
  }

 private:
  int64_t group_;
};

}  // namespace

TensorInfo alignment_rows(int64_t n) {
  return {{n, static_cast<int64_t>(sizeof(AlignmentRow)), 1, 1}, Layout::channels_last, DType::u8};
}

std::vector<TensorInfo> Alignment::infer(std::span<const TensorInfo> src) const {
  if (src[0].layout != Layout::channels_last || src[1] != alignment_rows(src[0].shape.n) || group_ < 2 ||
      src[0].shape.n % group_ != 0) {
    fail_internal("", "alignment on {} with rows {}", to_string(src[0].shape), to_string(src[1].shape));
  }
  return {{{src[0].shape.n, 1, 1, 1}, Layout::channels_last, DType::f32}};
}

Problem Alignment::lower(std::span<const TensorInfo> src, std::span<const TensorInfo> /*dst*/) const {
  return AlignmentProblem{src[0].shape, group_, src[0].dtype};
}

void Alignment::differentiate(Differentiator& differentiator, const Node& node) const {
  differentiator.contribute(node.src[0], differentiator.graph().append(std::make_shared<AlignmentBackward>(group_),
                                                                       node.src, "grad " + node.layer));
}

}  // namespace phosphene
