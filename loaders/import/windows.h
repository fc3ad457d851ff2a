// ONNX's attributes of a sliding window.
#pragma once

#include <optional>
#include <utility>

#include "layers/network/window.h"
#include "loaders/import/importer.h"

namespace phosphene::source {

// kernel_shape, strides, pads, dilations and auto_pad. `taps`: the rows and columns that weights have, which kernel_shape must equal; none:
// the attribute alone says them. `transposed`: of a transposed convolution, whose auto_pad is left to the caller.
WindowAttributes read_window(Translation& node, std::optional<std::pair<int64_t, int64_t>> taps = std::nullopt,
                             bool transposed = false);

}  // namespace phosphene::source
