// The forms in which oneDNN may be asked for one convolution: its geometry, and its weights to match.
#pragma once

#include <vector>

#include "runtime/cpu/onednn_convolution.h"
#include "runtime/cpu/packed_weights.h"

namespace phosphene {

enum class WeightForm : uint8_t {
  plain,
  rotated,  // the gradient of a stride-1 convolution as a forward one: channels exchanged, window rotated, paddings reach - 1 - pad
  merged  // neighbouring groups taken for one, with zeros for what they do not share
};

ConvolutionGeometry in_form(const ConvolutionGeometry& g, WeightForm form);

// How many groups make one whose channels fill vectors of eight on both sides; 1 where they do already or up to eight together do not.
int64_t groups_to_merge(const ConvolutionGeometry& g);

// Weights as a file holds them, in a form, rounded to `wanted`'s type and laid out as it says.
Packed pack(PackedWeights& packed, const Weights& weights, const ConvolutionGeometry& g, WeightForm form,
            const dnnl::memory::desc& wanted);

}  // namespace phosphene
