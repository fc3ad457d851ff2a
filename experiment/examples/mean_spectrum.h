// The magnitude spectrum that photographs have on average, for MaCo to keep (experiment/image/magnitude.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace phosphene {

struct MeanSpectrum {
  int64_t size = 0;                        // of the squares, in pixels; even
  int64_t photographs = 0;                 // that count
  std::vector<float> magnitude;            // 3 x size x (size / 2 + 1)
  std::map<std::string, int64_t> skipped;  // by reason
  std::string left_out;                    // what the folder's listing passed over, in words
};

// The mean over the photographs of a folder of |F| of what stands before colour (decorrelated, the sigmoid undone: layers/image/colour.h)
// in their middle square, scaled down to size x size: each channel without its mean, under Hann's window, which takes away the bright cross
// that the edges of a photograph leave; as large as without the window (times sqrt(pixels / the window's energy)). Frequency 0 holds the mean
// of |mean| times the pixels. Photographs that are smaller, or cannot be read, are skipped and counted. Memory does not grow with their number. Throws for an odd
// size, and where no photograph counts. `done` is told how many of how many photographs were read.
MeanSpectrum mean_spectrum(const std::string& folder, int64_t size,
                           const std::function<void(int64_t, int64_t)>& done = {});

// As a safetensors file: the tensor `magnitude`, and in its metadata how it was made.
void write_mean_spectrum(const std::string& path, const MeanSpectrum& spectrum);

}  // namespace phosphene
