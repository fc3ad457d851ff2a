// Images in files: PNG and JPEG in and out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiment/photos/photo.h"
#include "loaders/model/model.h"
#include "runtime/tensor.h"

namespace phosphene {

// PNG or JPEG, told by contents. Throws one line for anything else, for a broken file, and for more than 2^28 pixels, before memory is
// taken for them.
Photo read_photo(const std::string& path);

// Throws one line under `place` unless the network reads three channels.
void require_photographs(const Model& model, const std::string& place);

// Planar 1 x 3 x h x w in [0, 1], clamped and rounded to nearest.
Photo to_photo(const HostTensor& planar);

// One image, planar c x h x w in [0, 1], as an 8-bit PNG, rounded to nearest: gray or colours, of two channels the first and of more
// the first three. `transparent`: the last channel is alpha, and the others count without it. Written under a temporary name, then
// renamed.
void write_png(const std::string& path, const float* planar, int64_t c, int64_t h, int64_t w, bool transparent = false);

// A JPEG of quality 90, written in the same way.
void write_jpeg(const std::string& path, const Photo& photo);

// What a network wants to see: channels_last, input[c] = scale * image[order[c]] - mean[c]. `planar` is N x C x H x W.
std::vector<float> prepare_input(const Preprocessing& preprocessing, const HostTensor& planar);

}  // namespace phosphene
