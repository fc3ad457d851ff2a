// Images in files: PNG and JPEG in and out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace phosphene {

// 8-bit RGB, row-major, three bytes a pixel: gray is repeated, transparency laid on black, a camera's orientation undone.
struct Photo {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> rgb;
};

inline constexpr int64_t kMaxPhotoPixels = int64_t{1} << 28;

// PNG or JPEG, told by contents. Throws one line for anything else, for a broken file, and for more than kMaxPhotoPixels, before memory is
// taken for them.
Photo read_photo(const std::string& path);

// Planar 1 x 3 x h x w in [0, 1]: scaled to scaled_h x scaled_w (bilinear, antialiased), of which the middle is computed.
HostTensor resize_middle(const Photo& photo, int64_t scaled_h, int64_t scaled_w, int64_t h, int64_t w);
// The same with the shorter side scaled to fit.
HostTensor resize_and_crop(const Photo& photo, int64_t height, int64_t width);
// Without cutting: the whole picture is squeezed into h x w, as Caffe's classification example does.
HostTensor resize_whole(const Photo& photo, int64_t height, int64_t width);

// Planar 1 x 3 x h x w in [0, 1], clamped and rounded to nearest.
Photo to_photo(const HostTensor& planar);

// One image, planar c x h x w in [0, 1], as an 8-bit PNG, rounded to nearest: gray or colours, of two channels the first and of more
// the first three. `transparent`: the last channel is alpha, and the others count without it. Written by runtime/files.h.
void write_png(const std::string& path, const float* planar, int64_t c, int64_t h, int64_t w, bool transparent = false);

// A JPEG of quality 90, written in the same way.
void write_jpeg(const std::string& path, const Photo& photo);

}  // namespace phosphene
