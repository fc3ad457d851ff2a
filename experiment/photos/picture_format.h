// What a file is, by its first bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace phosphene {

enum class PictureFormat { png, jpeg, other };

PictureFormat picture_format(std::span<const std::byte> bytes);

// For a file that is neither: what it is and what to do, "is a WebP picture; expected PNG or JPEG: ...".
std::string what_it_is(std::span<const std::byte> bytes);

}  // namespace phosphene
