// What all updates of a parameter share: whose each row is.
#pragma once

#include "runtime/graph.h"

namespace phosphene {

TensorInfo latches(int64_t n);  // one int64 per image

// The rows of a parameter, as it lies in memory, whose owners (images, or groups of them) have these latches.
ParameterRows parameter_rows(const TensorInfo& parameter, const TensorInfo& latch);

// The latches of `groups` groups of images that follow each other: a group's is set with the first of its images'.
ValueId append_group_latch(Graph& graph, ValueId latch, int64_t groups);

}  // namespace phosphene
