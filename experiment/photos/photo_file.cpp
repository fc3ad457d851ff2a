#include "experiment/photos/photo_file.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "experiment/photos/jpeg_file.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

bool starts_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

// libpng's simplified interface: any PNG becomes 8-bit sRGB over a background.
Photo read_png(const std::string& path, Bytes bytes) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const auto refuse = [&] {
    const std::string message = png.message;
    png_image_free(&png);
    fail(path, "a broken PNG ({})", message);
  };
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) refuse();
  try {
    check_photo_size(path, png.height, png.width);
    // Deflate makes at most 1032 bytes of one, and a pixel is at least a bit.
    constexpr size_t kPixelsPerByte = 8 * 1032;
    if (size_t{png.height} * png.width / kPixelsPerByte > bytes.size()) {
      fail(path, "a broken PNG (its {} bytes cannot hold {} x {} pixels)", bytes.size(), png.height, png.width);
    }
  } catch (const Error&) {
    png_image_free(&png);
    throw;
  }
  png.format = PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit files without a gamma are as photographs are, not linear
  Photo photo{png.height, png.width, std::vector<uint8_t>(PNG_IMAGE_SIZE(png))};
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&png, &black, photo.rgb.data(), 0, nullptr) == 0) refuse();
  return photo;
}

// These channels of planar floats in [0, 1] as pixels of bytes, to nearest.
std::vector<uint8_t> to_bytes(const float* planar, const std::vector<int64_t>& which, int64_t pixels) {
  const int64_t channels = std::ssize(which);
  std::vector<uint8_t> bytes(static_cast<size_t>(channels * pixels));
  for (int64_t channel = 0; channel < channels; ++channel) {
    const float* plane = planar + which[static_cast<size_t>(channel)] * pixels;
    for (int64_t i = 0; i < pixels; ++i) {
      const float given = plane[i];
      const float value = given > 0 ? std::min(given, 1.F) : 0.F;
      bytes[static_cast<size_t>(i * channels + channel)] = static_cast<uint8_t>(std::lround(value * 255.F));
    }
  }
  return bytes;
}

}  // namespace

Photo read_photo(const std::string& path) {
  const auto file = MappedFile::open(path);
  const Bytes bytes = file->bytes();
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return read_png(path, bytes);
  if (starts_with(bytes, "\xff\xd8\xff")) return decode_jpeg(path, bytes);
  fail(path, "is neither a PNG nor a JPEG file");
}

Photo to_photo(const HostTensor& planar) {
  const int64_t height = planar.dims.at(2), width = planar.dims.at(3);
  return {height, width, to_bytes(planar.data.data(), {0, 1, 2}, height * width)};
}

void write_png(const std::string& path, const float* planar, int64_t c, int64_t h, int64_t w, bool transparent) {
  const bool coloured = (transparent ? c - 1 : c) >= 3;
  std::vector<int64_t> written = coloured ? std::vector<int64_t>{0, 1, 2} : std::vector<int64_t>{0};
  if (transparent) written.push_back(c - 1);
  const std::vector<uint8_t> pixels = to_bytes(planar, written, h * w);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(h);
  png.width = static_cast<png_uint_32>(w);
  png.format = (coloured ? PNG_FORMAT_FLAG_COLOR : 0U) | (transparent ? PNG_FORMAT_FLAG_ALPHA : 0U);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string file(size, '\0');
  if (png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    fail_internal(path, "libpng refuses the image: {}", png.message);
  }
  file.resize(size);
  write_file(path, file);
}

void write_jpeg(const std::string& path, const Photo& photo) { write_file(path, encode_jpeg(path, photo)); }

}  // namespace phosphene
