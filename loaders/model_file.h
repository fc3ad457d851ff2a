// Phosphene's own model file: one .safetensors whose metadata "phosphene" holds, as JSON,
//   {"version": 1, "name": ..., "input": [channels, height, width],
//    "preprocessing": {"scale": [...], "mean": [...], "order": [...], "source": why},
//    "layers": [{"name": ..., "op": ..., "inputs": [...], the op's attributes}, ...],
//    "aliases": {alias: layer}, "folded": {value that is gone: layer that took it up}, "labels": [...]}
// (a "scale" that is one number is that of every channel; "source" may be missing) and whose tensors are the weights,
// under the names that the layers give: convolution K x C/groups x R x S, linear K x C [x H x W], bias K, slopes C or
// one. Attributes by op, besides which a layer has no others:
//   convolution                 window, groups, weights, bias (or no bias)
//   linear                      weights, bias (or no bias)
//   max pooling                 window, or "global": true
//   average pooling             the same, and divisor ("padded" or "inside")
//   lrn                         radius, alpha (as multiplied), beta, k
//   activation                  kind, and its numbers (layers/network/activation.cpp); a clip may lack low or high
//   prelu                       slopes
//   relu, concat, add, softmax  none
//   binary                      operation ("add", "subtract", "multiply", "divide", "maximum" or "minimum"); two inputs
//   channel affine              factor, shift, or one of them: C numbers, or one
//   layer norm                  epsilon, and factor and shift or not: C numbers
//   group norm                  the same, and groups
//   channel slice               first, count
//   channel permutation         order (of dst, the channels of src)
//   depth to space, and back    block, order ("element_first": DCR, or "channel_first": CRD); "space to depth"
//   pad                         pad ([top, left, bottom, right], negative to crop), rule ("constant", "reflect" or "edge"), value (of
//                               constant)
//   resize                      mode ("nearest" or "linear"), coordinates, rounding (of nearest), step, and size ([h, w]) or factors
//                               ([h, w]): layers/network/resize.h
//   adaptive average pooling    size ([h, w])
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
