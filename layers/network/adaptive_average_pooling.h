// Average pooling to a map of a fixed size, whatever the source's (formula: kernels/adaptive_pooling.h). A single bin is the global mean.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

class AdaptiveAveragePooling final : public Op {
 public:
  // Throws unless the map has 1 to 65536 rows and columns.
  AdaptiveAveragePooling(int64_t rows, int64_t columns);

  [[nodiscard]] std::string_view kind() const override { return "adaptive average pooling"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] int64_t rows() const { return rows_; }
  [[nodiscard]] int64_t columns() const { return columns_; }

 private:
  int64_t rows_, columns_;
};

}  // namespace phosphene
