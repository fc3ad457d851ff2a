#include "experiment/photos/photo_file.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "experiment/photos/jpeg_file.h"
#include "experiment/photos/picture_format.h"
#include "experiment/photos/png_file.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

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

void write_pixels(const std::string& path, int64_t h, int64_t w, png_uint_32 format,
                  const std::vector<uint8_t>& pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.height = static_cast<png_uint_32>(h);
  png.width = static_cast<png_uint_32>(w);
  png.format = format;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string file(size, '\0');
  if (png_image_write_to_memory(&png, file.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    fail_internal(path, "libpng refuses the image: {}", png.message);
  }
  file.resize(size);
  write_file(path, file);
}

}  // namespace

Photo read_photo(const std::string& path) {
  const auto file = MappedFile::open(path);
  switch (picture_format(file->bytes())) {
    case PictureFormat::png:
      return decode_png(path, file->bytes());
    case PictureFormat::jpeg:
      return decode_jpeg(path, file->bytes());
    default:
      fail(path, "{}", what_it_is(file->bytes()));
  }
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
  write_pixels(path, h, w, (coloured ? PNG_FORMAT_FLAG_COLOR : 0U) | (transparent ? PNG_FORMAT_FLAG_ALPHA : 0U),
               pixels);
}

void write_png(const std::string& path, const Photo& photo) {
  write_pixels(path, photo.height, photo.width, PNG_FORMAT_RGB, photo.rgb);
}

void write_jpeg(const std::string& path, const Photo& photo) { write_file(path, encode_jpeg(path, photo)); }

}  // namespace phosphene
