// ONNX files (https://github.com/onnx/onnx, onnx.proto) of opsets 6 to 23: whole or refused.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "loaders/source/network.h"

namespace phosphene {

// By what the file begins with; a damaged ONNX file is one too, so that its fault is said.
bool is_onnx(std::span<const std::byte> bytes);
bool is_onnx(const std::string& path);

// The network of an ONNX file. Names are the file's; ops and attributes have the form that loaders/onnx/onnx_opset.h describes,
// whatever the opset. Nodes are sorted where the file has them out of order. Constants are the initializers and the outputs of Constant
// nodes that something reads; those whose name is an input's too are constants. Shapes that the file states for values between are
// not compared. float32 are read in place where they lie at a multiple of four bytes, else copied once.
// Throws, naming it, for every field that is unknown or says what is not done here: other domains, functions, graphs in attributes,
// sparse, quantised or text tensors, numbers that are not finite, tensors without numbers, external data outside the file's folder.
source::Network read_onnx(const std::string& path);

// The same of bytes in memory, which may go afterwards. `path` is for errors, and for the folder of external data.
source::Network read_onnx(std::span<const std::byte> bytes, const std::string& path);

}  // namespace phosphene
