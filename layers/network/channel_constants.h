// Constant factors and shifts of channels, as several ops have them.
#pragma once

#include <string_view>
#include <vector>

#include "runtime/graph.h"

namespace phosphene {

// The same numbers as one row, whatever their shape; absent ones stay absent.
Weights as_row(Weights constant);

// Those of the two that are there, as constants of an op.
std::vector<OpConstant> factor_and_shift(const Weights& factor, const Weights& shift);

// Throws unless there are as many numbers as channels. `name`: what they are.
void require_one_per_channel(std::string_view name, const Weights& numbers, const Shape& src);

// One source beside the constants, with its channels last, as kernels of constants per channel need it. `kind`: of the op.
void require_channels_last(std::span<const TensorInfo> src, std::string_view kind);

}  // namespace phosphene
