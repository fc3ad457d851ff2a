// Discrete Fourier transforms of real planes in double precision, for what is measured of a finished picture.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace phosphene {

// |F|^2 of h x w numbers, of any size, row-major by (ky, kx):
// F[ky, kx] = sum over y, x of plane[y, x] exp(-2 pi i (ky y / h + kx x / w)).
//
// Along rows, two at a time as one complex line, then along the columns up to w / 2, of which the others are conjugates. A line whose
// length has no prime factor above 13 goes by decimation in frequency (W. Cochran et al., "What is the fast Fourier transform?",
// Proc. IEEE 55, 1967), any other by a convolution with a chirp (L. Bluestein, "A linear filtering approach to the computation of the
// discrete Fourier transform", 1970).
// Throws an internal error unless `plane` holds h x w numbers, at least one.
std::vector<double> squared_magnitudes(std::span<const double> plane, int64_t h, int64_t w);

}  // namespace phosphene
