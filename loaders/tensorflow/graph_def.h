// TensorFlow's frozen graphs: a GraphDef (.pb) whose variables have become constants.
//
// As nodes: the ops are called "tf.Conv2D" and so on. Output 0 of node N is the value "N", output k the value "N:k"; a node has as many
// outputs as somebody reads, and at least one. Constants are what Const nodes hold. Inputs are the Placeholders of floating-point
// numbers and of bytes, in the file's order; other Placeholders, and Consts of texts, stay nodes ("tf.Placeholder", "tf.Const", with
// the attribute dtype), to be refused where they are needed. Outputs are the nodes that nobody reads.
// Nodes keep the file's order but for those that stand before what they read.
//
// Attributes under TensorFlow's names. Bytes are texts, shapes lists with -1 for what is unknown, an empty list one of integers.
// Types are checked: those of ordinary numbers are left out, but for Cast's, and others are texts ("DT_STRING"); quantised ones are
// refused. Attributes whose names begin with '_' change nothing and are left out, as are control inputs, NoOp and Assert.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "loaders/source/network.h"

namespace phosphene {

// Whether bytes begin as a GraphDef does: with a node that has a name and an op.
bool is_graph_def(std::span<const std::byte> bytes);
bool is_graph_def(const std::string& path);

// Throws when a graph is truncated, malformed, not frozen, or has control flow or calls functions. `path` names the bytes in errors.
source::Network read_graph_def(const std::string& path);
source::Network read_graph_def(std::span<const std::byte> bytes, const std::string& path);

}  // namespace phosphene
