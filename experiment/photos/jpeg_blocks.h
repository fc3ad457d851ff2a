// Whether the blocks of a JPEG can be those of a picture. Huffman codes find their place again a few codes behind damaged bytes, and where
// the number of blocks comes out right, which happens for one of ten runs of 200 zeros, the decoder has nothing to warn of: all that
// follows is as much too bright or too dark as the damaged differences made it.
#pragma once

#include <cstddef>
#include <span>

namespace phosphene {

// False if a block cannot have been made of samples of 8 bits, whatever the quantisation rounded:
//   - its mean, the DC coefficient / 8, lies outside [-128, 127],
//   - or one of its 64 samples does;
//   - all of its 63 other coefficients are equal, and not 0: what zeros read as.
// An encoder may round a coefficient by half a step q of its table: the mean by q / 16, of which four times as much is allowed, and each
// sample by sum of |basis| q / 2. Some encoders make white up to 31 brighter than it is, against rings (mozjpeg): 158 is allowed.
// `file`: one that the decoder has read to the end, without an error. Also false if it cannot be read a second time (for lack of memory).
bool blocks_are_plausible(std::span<const std::byte> file);

}  // namespace phosphene
