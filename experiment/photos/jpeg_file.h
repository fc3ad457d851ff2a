// JPEG, by libjpeg. `path` stands in errors.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "experiment/photos/photo.h"

namespace phosphene {

// A file's bytes as a photograph of 8-bit sRGB, turned as its camera was held: gray, YCbCr, RGB, CMYK and YCCK, baseline, progressive or
// arithmetic, of 8 bits. An ICC profile counts (colours.h); without one the colours are sRGB's, and inks are multiplied.
//
// A file is refused if any pixel may be wrong, that is if the decoder warns: it skips damaged data and goes on with gray or with what it
// takes for data. No pixel depends on what stands behind the last data: a missing end marker, zeros before it and bytes after it
// are accepted, and so are a newer version of JFIF and parameters that a baseline file does not use. A progressive file has to hold the last
// bit of all that it began. An arithmetic code goes on without end, so such a file needs its end marker.
// JPEG has no checksum. Damage that decodes to other valid data is seen where it makes samples that cannot be (jpeg_blocks.h);
// docs/photographs.md has numbers.
// Throws one line for a broken file, for 12 bits, lossless and other kinds, and for more than 2^28 pixels or more than the file can hold,
// before memory is taken for them.
Photo decode_jpeg(const std::string& path, std::span<const std::byte> bytes);

// The bytes of a file, of quality 90.
std::string encode_jpeg(const std::string& path, const Photo& photo);

}  // namespace phosphene
