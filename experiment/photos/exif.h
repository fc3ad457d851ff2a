// The orientation of the camera: the one entry of a JPEG's Exif block that changes the picture.
#pragma once

#include <cstddef>
#include <span>

#include "experiment/photos/photo.h"

namespace phosphene {

// The orientation 1 .. 8 (CIPA DC-008, tag 0x0112) of a JPEG file; 1, upright, where it says none.
int exif_orientation(std::span<const std::byte> jpeg);

// The photo turned and mirrored so that what was stored with `orientation` stands upright.
Photo upright(Photo photo, int orientation);

}  // namespace phosphene
