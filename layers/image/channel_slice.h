// Channels of a planar image by themselves, and images put together from such parts; kernels/channel_slice.h.
#pragma once

#include <vector>

#include "runtime/graph.h"

namespace phosphene {

// Appends channels [first, first + count) of `image`.
ValueId append_channels(Graph& graph, ValueId image, int64_t first, int64_t count);

// Appends the image whose channels are those of all `parts`, in order.
ValueId append_together(Graph& graph, const std::vector<ValueId>& parts);

}  // namespace phosphene
