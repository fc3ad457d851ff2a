// The start of parameters that a safetensors file holds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experiment/image/batch_image.h"

namespace phosphene {

struct StartFile {
  std::string path;
  std::vector<std::string> tensors;  // names: each has `planes` x `plane` numbers for one image, or for each of a group
  int64_t planes = 3, plane = 0;     // plane: numbers of one channel
  int64_t images = 1;                // of a group
};

// For each of the images, for each channel: the plane of each tensor, in order. Throws for a file that cannot be read
// and for a tensor of another size.
std::vector<float> read_start_file(const StartFile& start, std::span<const BatchImage> batch_images);

}  // namespace phosphene
