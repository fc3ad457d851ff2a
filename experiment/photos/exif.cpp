#include "experiment/photos/exif.h"

#include <cstring>

namespace phosphene {
namespace {

// Reads 2 or 4 bytes of a block in its byte order; 0 beyond its end.
class ExifBlock {
 public:
  explicit ExifBlock(std::span<const std::byte> bytes) : bytes_(bytes), little_(at(0) == 'I') {}

  [[nodiscard]] uint32_t number(size_t offset, size_t size) const {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | at(offset + (little_ ? size - 1 - i : i));
    return value;
  }

  [[nodiscard]] int orientation() const {
    const size_t directory = number(4, 4);
    const size_t entries = number(directory, 2);
    for (size_t i = 0; i < entries && directory + 2 + 12 * i < bytes_.size(); ++i) {
      const size_t entry = directory + 2 + 12 * i;
      if (number(entry, 2) == 0x0112) return static_cast<int>(number(entry + 8, 2));
    }
    return 1;
  }

 private:
  [[nodiscard]] uint8_t at(size_t offset) const {
    return offset < bytes_.size() ? std::to_integer<uint8_t>(bytes_[offset]) : uint8_t{0};
  }

  std::span<const std::byte> bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::span<const std::byte> jpeg) {
  const auto byte = [&](size_t offset) { return std::to_integer<size_t>(jpeg[offset]); };
  // Segments: 0xff, marker, length (which counts itself); pixels begin at 0xda.
  for (size_t at = 2; at + 4 <= jpeg.size() && byte(at) == 0xff && byte(at + 1) != 0xda;) {
    const size_t length = byte(at + 2) << 8 | byte(at + 3);
    if (length < 2 || at + 2 + length > jpeg.size()) break;
    const auto body = jpeg.subspan(at + 4, length - 2);
    if (byte(at + 1) == 0xe1 && body.size() > 14 && std::memcmp(body.data(), "Exif\0", 6) == 0) {
      const int orientation = ExifBlock(body.subspan(6)).orientation();
      return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    at += 2 + length;
  }
  return 1;
}

Photo upright(Photo photo, int orientation) {
  if (orientation == 1) return photo;
  const bool transposed = orientation >= 5;
  // After the transposition: which axes run backwards.
  const bool flip_rows = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool flip_columns = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  Photo turned{transposed ? photo.width : photo.height, transposed ? photo.height : photo.width, {}};
  turned.rgb.resize(photo.rgb.size());
  for (int64_t y = 0; y < turned.height; ++y) {
    for (int64_t x = 0; x < turned.width; ++x) {
      const int64_t row = flip_rows ? turned.height - 1 - y : y, column = flip_columns ? turned.width - 1 - x : x;
      const int64_t src = transposed ? column * photo.width + row : row * photo.width + column;
      std::memcpy(turned.rgb.data() + 3 * (y * turned.width + x), photo.rgb.data() + 3 * src, 3);
    }
  }
  return turned;
}

}  // namespace phosphene
