// Sum of several values, a slice of their channels, a ReLU's mask on top: the op that joins and parts gradients.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

// dst = [mask > 0] * sum over i of src_i[..., offset : offset + channels]. Sources all have the same shape, at most
// kAccumulateSources of them; the mask (the ReLU's output) comes last and has the shape of dst.
// With offset 0 and no mask it is the element-wise sum, and differentiable as such.
class Accumulate final : public Op {
 public:
  Accumulate() = default;  // the plain sum
  Accumulate(int64_t offset, int64_t channels, bool masked) : offset_(offset), channels_(channels), masked_(masked) {}

  [[nodiscard]] std::string_view kind() const override { return "accumulate"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  int64_t offset_ = 0;
  int64_t channels_ = 0;  // 0: all
  bool masked_ = false;
};

}  // namespace phosphene
