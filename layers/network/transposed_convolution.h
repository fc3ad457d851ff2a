// Transposed convolution: dst = the transpose of a correlation applied to src, + bias, so that the window is laid down once for each
// element of src and dst is about `stride` times as large:
//   dst rows = (src rows - 1) stride + dilation (R - 1) + 1 - paddings + output padding.
// Weights C x K/groups x R x S, C channels of src, K of dst: those of the convolution from dst to src, as PyTorch stores them. It is the
// gradient of that convolution and its gradient is that convolution, so it needs no kernel of its own.
#pragma once

#include "layers/network/window.h"
#include "runtime/graph.h"

namespace phosphene {

// Rows at the bottom and columns at the right that no padding cuts off although the last window need not reach them.
struct OutputPadding {
  int64_t h = 0, w = 0;

  bool operator==(const OutputPadding&) const = default;
};

class TransposedConvolution final : public Op {
 public:
  // `window`: of the convolution from dst to src; its rule is neither `same` nor `ceil`. An output padding is below the stride. Throws
  // when weights, bias and window do not fit each other.
  TransposedConvolution(WindowAttributes window, Weights weights, int64_t groups = 1, Weights bias = {},
                        OutputPadding output_padding = {});

  [[nodiscard]] std::string_view kind() const override { return "transposed convolution"; }
  [[nodiscard]] std::vector<TensorInfo> infer(std::span<const TensorInfo> src) const override;
  void differentiate(Differentiator& differentiator, const Node& node) const override;
  [[nodiscard]] Problem lower(std::span<const TensorInfo> src, std::span<const TensorInfo> dst) const override;

  [[nodiscard]] const WindowAttributes& window() const { return window_; }
  [[nodiscard]] int64_t groups() const { return groups_; }
  [[nodiscard]] int64_t outputs() const { return weights_.shape[1] * groups_; }  // channels of dst
  [[nodiscard]] const Weights& weights() const { return weights_; }
  [[nodiscard]] const Weights& bias() const { return bias_; }
  [[nodiscard]] const OutputPadding& output_padding() const { return output_padding_; }

 private:
  WindowAttributes window_;
  int64_t groups_;
  Weights weights_, bias_;
  OutputPadding output_padding_;
};

}  // namespace phosphene
