// ONNX's nodes (NodeProto) as the file has them; onnx_opset.h then brings them into one form.
#pragma once

#include <loaders/onnx/onnx.pb.h>

#include <string>
#include <string_view>

#include "loaders/onnx/onnx_tensor.h"
#include "loaders/source/network.h"

namespace phosphene::onnx {

// "", or "ai.onnx", which is its long name.
bool is_onnx_domain(std::string_view domain);

// Attributes verbatim: FLOAT, INT, STRING, their lists, and TENSOR as a Constant. Inputs and outputs that are left out at the end are
// dropped. Throws for ops of other domains, by name; for attributes of other types (GRAPH: If, Loop, Scan), given twice, or that stand
// for a function's; for what an attribute says beside the value of its type. Takes tensors out of `node`.
source::Node read_node(const source::Network& network, NodeProto& node, Tensors& tensors);

// The output of a Constant.
source::Constant constant_of(const source::Network& network, const source::Node& node);

// The module in PyTorch's list of scopes, "['', 'layer1', 'layer1.0', 'relu']", which ends with the op's own: "layer1.0". "" for
// anything but such a list.
std::string scope_of(const std::string& scopes);

}  // namespace phosphene::onnx
