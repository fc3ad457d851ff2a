// Ops of opsets 6 to 23 in one form, that of opset 17 with these choices, so that who imports them knows one:
// - Clip: min and max are inputs.
// - Squeeze, Unsqueeze and Reduce...: axes is an attribute, whichever the opset has, unless they are computed; an empty list says the
//   same as none.
// - Slice: starts, ends, axes and steps are inputs. Pad: pads and the value are inputs. Split: the sizes are an input.
// - Upsample, and Resize of opset 10, are a Resize: inputs X, "", scales; coordinate_transformation_mode "asymmetric", nearest_mode
//   "floor". Of other Resizes, an empty roi, scales or sizes is an input that is not given ("").
// - Softmax, LogSoftmax and Hardmax always say their axis. Before opset 13 they work on matrices: dimensions before the axis are rows,
//   all others columns. Where the axis may be another than the last, they have the attribute coerce_to_2d = 1.
// - Dropout has one input and no attributes. BatchNormalization has neither spatial, is_test nor consumed_inputs.
// - Arithmetic broadcasts as numpy does. Add, Sub, Mul and Div have an attribute old_axis where they do as before opset 7: the second
//   operand's dimensions are the first one's from there on.
// - PRelu has an attribute slope_axis = 1 where its slopes, a list, are the channels', wherever numpy would put them (before opset 7).
// - GroupNormalization has an attribute scale_of_groups = 1 where scale and bias have a number for each group (opset 18), not channel.
// Every other attribute is what the file says.
#pragma once

#include <set>
#include <string>

#include "loaders/source/network.h"

namespace phosphene::onnx {

constexpr int64_t kFirstOpset = 6, kLastOpset = 23;

// Brings a node of `opset` into this form. All constants that it reads are in the network; those that become its inputs are added,
// under names that `names`, those of all values, does not have. Throws for what has no such form.
void upgrade(source::Network& network, source::Node& node, int64_t opset, std::set<std::string>& names);

}  // namespace phosphene::onnx
