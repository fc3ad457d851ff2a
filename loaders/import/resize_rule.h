// ONNX's Resize: https://onnx.ai/onnx/operators/onnx__Resize.html.
#pragma once

#include "loaders/import/importer.h"

namespace phosphene::source {

// Inputs: data, roi (not read), scales, sizes. Of rows and columns alone.
void resize(Translation& node);

}  // namespace phosphene::source
