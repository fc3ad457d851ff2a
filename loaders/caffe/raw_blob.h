// Blobs of NVIDIA's Caffe, whose numbers are bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene::caffe {

// Little-endian numbers of 2, 4 or 8 bytes, as many as `count`: how long one is decides, since writers disagree about the numbers of types 0
// and 1. `type`: 0 to 2 are floating-point. Throws under `where` for another type or length.
std::vector<float> raw_numbers(int type, const std::string& bytes, int64_t count, const std::string& where);

}  // namespace phosphene::caffe
