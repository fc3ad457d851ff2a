// What each op of a file means. One function for each op, one row for each name; files by subject.
#pragma once

#include <map>
#include <string>

#include "loaders/import/importer.h"

namespace phosphene::source {

using Rule = void (*)(Translation&);
using Rules = std::map<std::string, Rule>;

// Each file has a namespace of its own: a build may compile several as one.
namespace activations {
const Rules& rules();
}
namespace arithmetic {
const Rules& rules();  // Add, Mul ...
// A constant beside a value, broadcast as numpy does: one number for all, or one for each channel.
std::vector<float> per_channel(Translation& node, const Value& value, const Constant& constant);
}  // namespace arithmetic
namespace convolutions {
const Rules& rules();  // Conv, ConvTranspose, Gemm, MatMul
// dst = src weights^T + bias along one dimension: a linear layer where that is all of an image, a 1x1 convolution where it is the
// channels at every position.
Value multiplied(Translation& node, size_t dimension, Weights weights, Weights bias, const std::string& suffix = "");
}  // namespace convolutions
namespace normalisations {
const Rules& rules();  // BatchNormalization, LRN, LayerNormalization ...
}
namespace poolings {
const Rules& rules();
}
namespace shapes {
const Rules& rules();  // Reshape, Transpose, Concat, Slice, Pad, Resize ...
// Joins inputs [first, end) along their channels, which dimension `axis` must be.
void join(Translation& node, int64_t axis, size_t first, size_t end);
// The result is the first input's numbers, seen in another way.
void with_view(Translation& node, View view);
}  // namespace shapes
namespace caffe {
const Rules& rules();
}
namespace keras {
const Rules& rules();
}
namespace tensorflow {
const Rules& rules();  // what is TensorFlow's alone; "tf.Mul" and the like stand beside ONNX's
}

// All of them.
const Rules& all_rules();

// Whether an op is computed here when all of its inputs are known; and its values. `sizes` of inputs that are not known are known
// to Shape alone.
bool folds(Translation& translation);

// One node: computes it where all is known, else applies its rule. Throws for an op, an attribute or an output that is not supported.
void translate(Importer& importer, const Node& node);

}  // namespace phosphene::source
