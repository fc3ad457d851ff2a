// PNG files, by libpng.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "experiment/photos/photo.h"

namespace phosphene {

// A file's bytes as a photograph of 8-bit sRGB; `path` stands in errors. Gray is repeated, palettes are looked up, 16 bits are rounded
// to the nearest of 8, of an animation (APNG) its default image counts. What is transparent, by alpha or tRNS, is laid on black in
// linear light. Colours (colours.h): cICP of sRGB and Display P3, iCCP, sRGB, then gAMA with cHRM, in this order; without any of them
// they are sRGB's, and so are a gamma within 5 % of 1 / 2.2 and primaries within .001 of sRGB's.
// Throws one line for a broken file (png_chunks.h), for colours in another code (HDR), and for more than 2^28 pixels, before memory
// is taken for them.
Photo decode_png(const std::string& path, std::span<const std::byte> bytes);

}  // namespace phosphene
