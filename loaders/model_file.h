// Phosphene's own model file: one .safetensors whose metadata "phosphene" holds, as JSON,
//   {"version": 1, "name": ..., "input": [channels, height, width],
//    "preprocessing": {"scale": s, "mean": [...], "order": [...]},
//    "layers": [{"name": ..., "op": ..., "inputs": [...], the op's attributes}, ...],
//    "aliases": {alias: layer}, "labels": [...]}
// and whose tensors are the weights, under the names that the layers give: convolution K x C/groups x R x S, linear
// K x C [x H x W], bias K. Attributes by op:
//   convolution                 window, groups, weights, bias (or no bias)
//   linear                      weights, bias (or no bias)
//   max pooling                 window, or "global": true
//   average pooling             the same, and divisor ("padded" or "inside")
//   lrn                         radius, alpha (as multiplied), beta, k
//   relu, concat, add, softmax  none
//   window: {"size": [r, s], "stride": [h, w], "pad": [top, left, bottom, right], "rule": "floor", "ceil" or "same"}
#pragma once

#include <string>

#include "loaders/model/model.h"
#include "loaders/safetensors.h"

namespace phosphene {

void save_model(const Model& model, const std::string& path);

// Weights stay in the file's mapping. Throws naming the layer and what is wrong with it.
Model read_model(const std::string& path);

// Whether a .safetensors file holds a network, not only tensors.
bool holds_network(const Safetensors& file);

}  // namespace phosphene
