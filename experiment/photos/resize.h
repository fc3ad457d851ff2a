// Photographs at the size that a network or a picture needs: a triangle filter, as wide as the reduction is strong.
#pragma once

#include "experiment/photos/photo.h"
#include "runtime/tensor.h"

namespace phosphene {

// Planar 1 x 3 x h x w in [0, 1]: scaled to scaled_h x scaled_w (bilinear, antialiased), of which the middle is computed.
HostTensor resize_middle(const Photo& photo, int64_t scaled_h, int64_t scaled_w, int64_t h, int64_t w);
// The smallest size of a picture, with its own proportions, that covers height x width.
struct ScaledSize {
  int64_t height = 0, width = 0;
};
ScaledSize size_to_cover(int64_t photo_height, int64_t photo_width, int64_t height, int64_t width);
// The same with the shorter side scaled to fit: size_to_cover.
HostTensor resize_and_crop(const Photo& photo, int64_t height, int64_t width);
// Without cutting: the whole picture is squeezed into h x w, as Caffe's classification example does.
HostTensor resize_whole(const Photo& photo, int64_t height, int64_t width);

}  // namespace phosphene
