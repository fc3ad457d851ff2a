// How similar the activations of neighbouring images of a group are. kernels/alignment.h has the formula.
#pragma once

#include "kernels/parameters.h"
#include "runtime/graph.h"

namespace phosphene {

// A row of the table per image.
TensorInfo alignment_rows(int64_t n);

class Alignment final : public Op {
 public:
  explicit Alignment(int64_t group) : group_(group) {}

  [[nodiscard]] std::string_view kind() const override { return "alignment"; }
  [[nodiscard]] bool is_objective() const override { return true; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;  // activation, rows
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

 private:
  int64_t group_;
};

}  // namespace phosphene
