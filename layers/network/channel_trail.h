// Following one channel of a value back through the ops that make it from one channel alone: activations, poolings, paddings, resizes,
// constant factors and shifts; and concats, slices and permutations, where its number is another. A Binary makes it from two.
#pragma once

#include <optional>
#include <span>

#include "runtime/graph.h"

namespace phosphene {

struct ChannelOrigin {
  size_t source = 0;  // which of the op's operands
  int64_t begin =
      0;  // what its number falls by: which channel of the op's value is, or behind a slice would be, the operand's channel 0
};

// Where channel `channel` of an op's value comes from; nothing if it is made of several channels. `channels`: how many each of
// the op's operands has. Neighbours that come from one operand have one `begin`, but for those of a permutation.
std::optional<ChannelOrigin> channel_origin(const Op& op, int64_t channel, std::span<const int64_t> channels);

}  // namespace phosphene
