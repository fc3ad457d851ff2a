// How the power of a picture is spread over frequencies: photographs have about 1 / f^2 (D. Field, "Relations between the statistics
// of natural images and the response properties of cortical cells", 1987), and a network that is cheated by noise shows it here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

// Power |F|^2 of h x w numbers without their mean, under Hann's window, divided by the window's energy: of independent numbers every
// frequency has their variance. Row-major by (fy, fx), fy = y / h, fx = x / w cycles per pixel.
std::vector<double> windowed_power(std::span<const float> plane, int64_t h, int64_t w);

// Rings of equal |frequency|, one for each cycle per image of the shorter side, up to half a cycle per pixel.
struct PowerSpectrum {
  std::vector<double> frequency;  // cycles per pixel
  std::vector<double> power;      // the mean over a ring
  double slope = 0;  // of log power against log frequency, 4 cycles per image to .45 cycles per pixel, by least squares
  double high_frequency_share = 0;  // of all power, the part above .25 cycles per pixel
};

// Of one plane, or of the luminance (.299, .587, .114) of a planar image of c channels; of others than three the first counts. A slope
// is not finite where fewer than two rings have power.
PowerSpectrum power_spectrum_of_plane(std::span<const float> plane, int64_t h, int64_t w);
PowerSpectrum power_spectrum(std::span<const float> planar, int64_t c, int64_t h, int64_t w);

// As a record holds it: slope (null where it is not finite), high_frequency_share, and rings of [frequency, power].
Json to_json(const PowerSpectrum& spectrum);
PowerSpectrum spectrum_from(const Json& json);

// The part of the power of a map where a checkerboard of period two has its own: within 1/16 cycles per pixel of (1/2, 0), (0, 1/2)
// and (1/2, 1/2). `even`: what it is where power is spread evenly.
struct CheckerboardShare {
  double share = 0, even = 0;
};
CheckerboardShare checkerboard_share(std::span<const float> plane, int64_t h, int64_t w);

}  // namespace phosphene
