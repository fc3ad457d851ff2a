// Which image, or group, owns each row of a parameter.
#pragma once

#include <string>

#include "runtime/graph.h"
#include "runtime/problems/optimiser.h"

namespace phosphene {

TensorInfo stopped_at_rows(int64_t n);  // one int64 per image

// The states in which an optimiser keeps what it remembers of a parameter: the moving mean of its gradients (of all but
// plain ascent the momentum), and of their squares.
std::string first_moment_of(const std::string& parameter);
std::string second_moment_of(const std::string& parameter);

// The rows of a parameter, as it lies in memory, whose owners (images, or groups of them) have these stopped_at_rows.
ParameterRows parameter_rows(const TensorInfo& parameter, const TensorInfo& stopped_at);

// The stopped_at_rows of `groups` groups of images that follow each other: a group's is set with the first of its images'.
ValueId append_group_stopped_at(Graph& graph, ValueId stopped_at, int64_t groups);

}  // namespace phosphene
