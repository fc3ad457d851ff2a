// Animated PNGs: https://www.w3.org/TR/png-3/, chunks acTL, fcTL and fdAT.
#pragma once

#include <string>
#include <vector>

namespace phosphene {

struct Frame {
  std::string png;  // the path of its file
  int milliseconds = 0;
};

// The bytes of an animation without end. No pixel is decoded: the frames' compressed data are taken as they are, so the files must be of
// one size and kind, without a palette. Throws, with both paths, where they are not. What shows PNGs alone shows the first frame.
std::string join_pngs(const std::vector<Frame>& frames);

}  // namespace phosphene
