// JPEG, by libjpeg. `path` stands in errors.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "experiment/photos/photo.h"

namespace phosphene {

// A file's bytes as a photograph, turned as its camera was held. Throws one line for a file that is broken or cut off, and for one
// of more than 2^28 pixels.
Photo decode_jpeg(const std::string& path, std::span<const std::byte> bytes);

// The bytes of a file, of quality 90.
std::string encode_jpeg(const std::string& path, const Photo& photo);

}  // namespace phosphene
