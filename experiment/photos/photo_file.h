// Images in files: PNG and JPEG in and out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment/photos/photo.h"
#include "runtime/tensor.h"

namespace phosphene {

// PNG or JPEG, told by contents, as jpeg_file.h and png_file.h say. Throws one line for anything else, which names what it is
// (picture_format.h), for a broken file, and for more than 2^28 pixels, before memory is taken for them.
Photo read_photo(const std::string& path);

// Planar 1 x 3 x h x w in [0, 1], clamped and rounded to nearest.
Photo to_photo(const HostTensor& planar);

// One image, planar c x h x w in [0, 1], as an 8-bit PNG, rounded to nearest: gray or colours, of two channels the first and of more
// the first three. `transparent`: the last channel is alpha, and the others count without it. Written by runtime/files.h.
void write_png(const std::string& path, const float* planar, int64_t c, int64_t h, int64_t w, bool transparent = false);

// 8-bit colours.
void write_png(const std::string& path, const Photo& photo);

// A JPEG of quality 90, written in the same way.
void write_jpeg(const std::string& path, const Photo& photo);

}  // namespace phosphene
