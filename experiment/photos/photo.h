// A photograph in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

inline constexpr int64_t kMaxPhotoPixels = int64_t{1} << 28;  // more are refused before memory is taken for them

// 8-bit RGB, row-major, three bytes a pixel: gray is repeated, transparency laid on black, a camera's orientation undone.
struct Photo {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> rgb;
};

// Throws one line, with the file's `path`, for a photograph of no pixels or of more than 2^28.
void check_photo_size(const std::string& path, int64_t height, int64_t width);

}  // namespace phosphene
