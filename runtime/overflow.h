// Sums that leave float32 are found before they are hidden: a ReLU and a max pooling make 0, or another value, of a NaN.
#pragma once

#include <span>
#include <string>

#include "runtime/problems/problem.h"

namespace phosphene {

// Of numbers; infinite where one of them is not finite.
float largest_magnitude(std::span<const float> numbers);

// Sources up to this magnitude keep every sum of the problem a millionth of the largest float32, or less: what a network's later inputs
// of the same range add is far from that. Infinite for a problem that makes no sums of products of its source in a forward pass. Throws,
// under the layer's name, unless all weights and biases of the problem are finite.
float largest_safe_source(const Problem& problem, const std::string& layer);

}  // namespace phosphene
