#include "experiment/photos/photo_file.h"

#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "experiment/photos/exif.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

void check_pixels(const std::string& path, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > kMaxPhotoPixels / width) {
    fail(path, "an image of {} x {} pixels; at most {} can be read", height, width, kMaxPhotoPixels);
  }
}

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
    check_pixels(path, png.height, png.width);
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

// libjpeg's errors end in a longjmp: nothing with a destructor may be made between `decode` and the library's calls.
class JpegReader {
 public:
  JpegReader(const std::string& path, Bytes bytes) : path_(path), bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) { std::longjmp(static_cast<JpegReader*>(jpeg->client_data)->jump_, 1); };
    errors_.emit_message = &note_warning;
    jpeg_create_decompress(&jpeg_);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  Photo read() {
    if (!start()) refuse();
    check_pixels(path_, jpeg_.output_height, jpeg_.output_width);
    Photo photo{jpeg_.output_height, jpeg_.output_width, {}};
    std::vector<uint8_t> row(static_cast<size_t>(photo.width) * 4);
    if (!decode(photo.rgb, row.data()) || truncated_) refuse();
    return photo;
  }

 private:
  static void note_warning(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    const int code = jpeg->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)
      static_cast<JpegReader*>(jpeg->client_data)->truncated_ = true;
  }

  [[noreturn]] void refuse() {
    char message[JMSG_LENGTH_MAX] = "the data end too early";
    if (!truncated_) errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), message);
    fail(path_, "a broken JPEG ({})", message);
  }

  bool start() {
    if (setjmp(jump_) != 0) return false;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    const bool four = jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
    jpeg_.out_color_space = four ? JCS_CMYK : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_calc_output_dimensions(&jpeg_);
    return true;
  }

  // Memory grows with the rows that there are, not with what the header promises.
  bool decode(std::vector<uint8_t>& rgb, uint8_t* row) {
    if (setjmp(jump_) != 0) return false;
    jpeg_start_decompress(&jpeg_);
    const auto width = static_cast<size_t>(jpeg_.output_width);
    while (jpeg_.output_scanline < jpeg_.output_height && !truncated_) {
      rgb.resize(rgb.size() + width * 3);
      uint8_t* dst = rgb.data() + rgb.size() - width * 3;
      uint8_t* target = jpeg_.out_color_space == JCS_CMYK ? row : dst;
      jpeg_read_scanlines(&jpeg_, &target, 1);
      if (target == row) from_cmyk(row, dst, width);
    }
    return true;
  }

  // Adobe's files, which is all there are in practice, hold 255 - ink.
  void from_cmyk(const uint8_t* cmyk, uint8_t* rgb, size_t width) const {
    for (size_t x = 0; x < width; ++x) {
      for (size_t c = 0; c < 3; ++c) {
        const int colour = jpeg_.saw_Adobe_marker ? cmyk[4 * x + c] : 255 - cmyk[4 * x + c];
        const int black = jpeg_.saw_Adobe_marker ? cmyk[4 * x + 3] : 255 - cmyk[4 * x + 3];
        rgb[3 * x + c] = static_cast<uint8_t>((colour * black + 127) / 255);
      }
    }
  }

  const std::string& path_;
  Bytes bytes_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_;
  bool truncated_ = false;
};

// The sources of one destination element along one axis: weights of the triangle filter, as wide as the reduction is strong.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

// Destination elements [offset, offset + count) of an axis scaled from src to dst elements; half-pixel centres.
std::vector<Taps> triangle_taps(int64_t src, int64_t dst, int64_t offset, int64_t count) {
  const double scale = static_cast<double>(src) / static_cast<double>(dst);
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const double centre = (static_cast<double>(offset + i) + 0.5) * scale;
    const auto first = std::max<int64_t>(0, std::llround(centre - support));
    const auto end = std::min<int64_t>(src, std::llround(centre + support));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t x = first; x < end; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(x) + 0.5 - centre) / support)));
      sum += weights.back();
    }
    Taps& tap = taps[static_cast<size_t>(i)];
    tap.first = first;
    for (const double weight : weights) tap.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

// One row of a photo, 3 x width numbers in [0, 1], filtered along the row.
void filter_row(const uint8_t* rgb, const std::vector<Taps>& columns, float* dst) {
  const auto width = columns.size();
  for (size_t x = 0; x < width; ++x) {
    float sum[3] = {0, 0, 0};
    const uint8_t* pixel = rgb + columns[x].first * 3;
    for (const float weight : columns[x].weights) {
      for (int c = 0; c < 3; ++c) sum[c] += weight * static_cast<float>(*pixel++);
    }
    for (size_t c = 0; c < 3; ++c) dst[c * width + x] = sum[c] / 255.F;
  }
}

// As in JpegReader: nothing with a destructor between `compress` and the library's calls.
class JpegWriter {
 public:
  JpegWriter() {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = [](j_common_ptr jpeg) { std::longjmp(static_cast<JpegWriter*>(jpeg->client_data)->jump_, 1); };
    jpeg_create_compress(&jpeg_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
  ~JpegWriter() {
    jpeg_destroy_compress(&jpeg_);
    std::free(memory_);
  }

  std::string encode(const std::string& path, const Photo& photo) {
    if (!compress(photo)) {
      char message[JMSG_LENGTH_MAX];
      errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), message);
      fail_internal(path, "libjpeg refuses the image: {}", message);
    }
    return {reinterpret_cast<const char*>(memory_), size_};
  }

 private:
  bool compress(const Photo& photo) {
    if (setjmp(jump_) != 0) return false;
    jpeg_mem_dest(&jpeg_, &memory_, &size_);
    jpeg_.image_height = static_cast<JDIMENSION>(photo.height);
    jpeg_.image_width = static_cast<JDIMENSION>(photo.width);
    jpeg_.input_components = 3;
    jpeg_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg_);
    jpeg_set_quality(&jpeg_, kJpegQuality, TRUE);
    jpeg_start_compress(&jpeg_, TRUE);
    while (jpeg_.next_scanline < jpeg_.image_height) {
      auto* row = const_cast<JSAMPLE*>(photo.rgb.data() + int64_t{jpeg_.next_scanline} * photo.width * 3);
      jpeg_write_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_compress(&jpeg_);
    return true;
  }

  static constexpr int kJpegQuality = 90;
  jpeg_compress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  unsigned char* memory_ = nullptr;
  unsigned long size_ = 0;  // libjpeg's type
};

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
  if (starts_with(bytes, "\xff\xd8\xff")) return upright(JpegReader(path, bytes).read(), exif_orientation(bytes));
  fail(path, "neither PNG nor JPEG");
}

HostTensor resize_middle(const Photo& photo, int64_t scaled_h, int64_t scaled_w, int64_t height, int64_t width) {
  const auto rows = triangle_taps(photo.height, scaled_h, (scaled_h - height) / 2, height);
  const auto columns = triangle_taps(photo.width, scaled_w, (scaled_w - width) / 2, width);

  HostTensor image{{1, 3, height, width}, std::vector<float>(static_cast<size_t>(3 * height * width))};
  std::vector<float> filtered(static_cast<size_t>(3 * width));
  // Each source row is filtered once and added to every row that reads it, so that no whole intermediate image is held.
  size_t begin = 0;
  for (int64_t y = rows.front().first; y < photo.height && begin < rows.size(); ++y) {
    filter_row(photo.rgb.data() + y * photo.width * 3, columns, filtered.data());
    for (size_t i = begin; i < rows.size() && rows[i].first <= y; ++i) {
      const auto tap = static_cast<size_t>(y - rows[i].first);
      if (tap >= rows[i].weights.size()) {
        begin = i + 1;
        continue;
      }
      for (size_t c = 0; c < 3; ++c) {
        float* dst = image.data.data() + (c * static_cast<size_t>(height) + i) * static_cast<size_t>(width);
        for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
          dst[x] += rows[i].weights[tap] * filtered[c * static_cast<size_t>(width) + x];
        }
      }
    }
  }
  return image;
}

HostTensor resize_and_crop(const Photo& photo, int64_t height, int64_t width) {
  if (height < 1 || width < 1) fail_internal("resize_and_crop", "{} x {} pixels are asked for", height, width);
  // The side that is shorter for its target decides; the other comes out at least as long as its own.
  const bool by_height = photo.height * width <= photo.width * height;
  const int64_t scaled_h = by_height ? height : photo.height * width / photo.width;
  const int64_t scaled_w = by_height ? photo.width * height / photo.height : width;
  return resize_middle(photo, scaled_h, scaled_w, height, width);
}

HostTensor resize_whole(const Photo& photo, int64_t height, int64_t width) {
  if (height < 1 || width < 1) fail_internal("resize_whole", "{} x {} pixels are asked for", height, width);
  return resize_middle(photo, height, width, height, width);
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

void write_jpeg(const std::string& path, const Photo& photo) { write_file(path, JpegWriter().encode(path, photo)); }

}  // namespace phosphene
