// A PNG file taken apart: what makes its pixels, and what says which colours they are (PNG Specification, third edition, W3C).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "experiment/photos/colours.h"

namespace phosphene {

struct PngChunks {
  uint32_t height = 0, width = 0;
  uint8_t colour_type = 0;
  std::string pixels;  // a PNG of the chunks that make pixels alone: IHDR, PLTE, tRNS, IDAT

  // Of these the first that is there counts.
  std::optional<std::vector<uint8_t>> code_points;  // cICP: primaries, transfer, matrix, full range
  std::optional<std::vector<std::byte>> profile;    // iCCP, inflated
  bool says_srgb = false;
  std::optional<double> gamma;  // gAMA: light = value^(1 / gamma)
  std::optional<Chromaticities> chromaticities;

  [[nodiscard]] bool is_gray() const { return (colour_type & 2U) == 0; }
};

// Throws one line for a file that ends too early, holds a chunk whose checksum is wrong, or has more than 2^28 pixels. An end without
// IEND, and what stands behind the end, are no faults: no pixel depends on them. Frames of an animation behind the first are left out.
PngChunks take_apart_png(const std::string& path, std::span<const std::byte> bytes);

}  // namespace phosphene
