// The magnitude of an image's spectrum, which MaCo keeps while it changes the phase: read from a file, or a formula.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

// |F| of an unnormalised forward transform of H rows by 2 (K - 1) columns, of the image before colour: C x H x K.
struct Magnitude {
  int64_t c = 3, h = 0, columns = 0;
  std::vector<float> numbers;

  bool operator==(const Magnitude&) const = default;
};

// What photographs have on average, as a formula: a power of the frequency, and for three channels, which are decorrelated colours, a
// share for each. Of another number of channels each is like the first.
Magnitude default_magnitude(int64_t c, int64_t h, int64_t w);

// The tensor `magnitude` of a safetensors file, C x H x K, as phosphene spectrum writes it. Throws for another shape, for numbers that
// are negative or not finite, and where none is above 0.
Magnitude read_magnitude(const std::string& path);

// The same at another size: between frequencies (cycles per pixel) the logarithm is interpolated, linearly along both axes, rows around
// the end. The mean colour, frequency 0, takes no part, as it is many times its neighbours: it grows with the number of pixels, the
// others, as of noise, with its root. The same numbers where the size is the file's.
Magnitude resized(const Magnitude& magnitude, int64_t h, int64_t w);

}  // namespace phosphene
