// PNG files whose pixels are numbers, not colours: masks of labels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

struct LabelPicture {
  int64_t height = 0, width = 0;
  std::vector<uint16_t> labels;  // row-major
};

// Gray pixels of 1 to 16 bits or indices of a palette, as they are stored. Throws one line for other files, colours and transparency
// among them, and for what photographs are refused for: a broken file, more than 2^28 pixels.
LabelPicture read_label_png(const std::string& path);

}  // namespace phosphene
