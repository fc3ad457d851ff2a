#include "experiment/photos/png_file.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "experiment/photos/png_chunks.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// libpng's simplified interface: 8-bit pixels over black, whose colours are taken for sRGB's.
Photo read_srgb(const std::string& path, const PngChunks& chunks) {
  Photo photo{chunks.height, chunks.width, std::vector<uint8_t>(size_t{3} * chunks.height * chunks.width)};
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const auto refuse = [&] {
    const std::string message = png.message;
    png_image_free(&png);
    fail(path, "a broken PNG ({})", message);
  };
  if (png_image_begin_read_from_memory(&png, chunks.pixels.data(), chunks.pixels.size()) == 0) refuse();
  png.format = PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit files without a gamma are as photographs are, not linear
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&png, &black, photo.rgb.data(), 0, nullptr) == 0) refuse();
  return photo;
}

// The pixels as four numbers of 16 bits, as they are stored. libpng's errors end in a longjmp: nothing with a destructor may be made
// between `decode` and the library's calls.
class WideReader {
 public:
  WideReader(const std::string& path, const PngChunks& chunks) : path_(path), left_(chunks.pixels) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &note_error, &pass_over_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) fail_internal(path_, "libpng cannot be started");
    pixels_.resize(size_t{4} * chunks.height * chunks.width);
    for (size_t y = 0; y < chunks.height; ++y)
      rows_.push_back(reinterpret_cast<png_bytep>(pixels_.data() + 4 * y * chunks.width));
  }
  WideReader(const WideReader&) = delete;
  WideReader& operator=(const WideReader&) = delete;
  ~WideReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  std::vector<uint16_t> read() {
    if (!decode()) fail(path_, "a broken PNG ({})", message_);
    return std::move(pixels_);
  }

 private:
  static WideReader& self(png_structp png) { return *static_cast<WideReader*>(png_get_error_ptr(png)); }
  static void note_error(png_structp png, png_const_charp message) {
    std::strncpy(self(png).message_, message, sizeof message_ - 1);
    std::longjmp(self(png).jump_, 1);
  }
  static void pass_over_warning(png_structp, png_const_charp) {}
  static void give(png_structp png, png_bytep dst, size_t size) {
    std::string_view& left = static_cast<WideReader*>(png_get_io_ptr(png))->left_;
    if (size > left.size()) png_error(png, "the data ends too early");
    std::memcpy(dst, left.data(), size);
    left.remove_prefix(size);
  }

  bool decode() {
    if (setjmp(jump_) != 0) return false;
    png_set_read_fn(png_, this, &give);
    png_read_info(png_, info_);
    png_set_expand_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xffff, PNG_FILLER_AFTER);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    png_read_image(png_, rows_.data());
    return true;
  }

  const std::string& path_;
  std::string_view left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<uint16_t> pixels_;
  std::vector<png_bytep> rows_;
  std::jmp_buf jump_{};
  char message_[128] = "";
};

// IEC 61966-2-1.
double linear_of(double value) { return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4); }
double value_of(double light) { return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055; }

Photo read_converted(const std::string& path, const PngChunks& chunks, const Colours& colours) {
  const std::vector<uint16_t> pixels = WideReader(path, chunks).read();
  const size_t count = pixels.size() / 4;
  Photo photo{chunks.height, chunks.width, std::vector<uint8_t>(3 * count)};
  for (size_t row = 0; row < count; row += chunks.width)
    colours.convert(pixels.data() + 4 * row, photo.rgb.data() + 3 * row, chunks.width);
  for (size_t i = 0; i < count; ++i) {
    const uint16_t alpha = pixels[4 * i + 3];
    for (size_t c = 0; c < 3 && alpha != 0xffff; ++c) {
      uint8_t& value = photo.rgb[3 * i + c];
      value = static_cast<uint8_t>(std::lround(255 * value_of(alpha / 65535.0 * linear_of(value / 255.0))));
    }
  }
  return photo;
}

bool is_near(const Chromaticities& a, const Chromaticities& b) {
  const auto all = [](const Chromaticities& c) {
    return std::array{c.white_x, c.white_y, c.red_x, c.red_y, c.green_x, c.green_y, c.blue_x, c.blue_y};
  };
  const auto first = all(a), second = all(b);
  return std::equal(first.begin(), first.end(), second.begin(),
                    [](double x, double y) { return std::abs(x - y) <= 0.001 + 1e-9; });
}

// ITU-T H.273: primaries 1 are BT.709's, which sRGB has, 12 Display P3's; transfer 13 is sRGB's curve.
Chromaticities primaries_of(const std::string& path, const std::vector<uint8_t>& code) {
  const bool known = (code[0] == 1 || code[0] == 12) && code[1] == 13 && code[2] == 0 && code[3] == 1;
  if (!known) {
    fail(path, "its colours are of another kind (cICP {}-{}-{}-{}); expected sRGB (1-13-0-1) or Display P3 (12-13-0-1)",
         code[0], code[1], code[2], code[3]);
  }
  Chromaticities chromaticities;
  if (code[0] == 12) {
    chromaticities.red_x = 0.68;
    chromaticities.red_y = 0.32;
    chromaticities.green_x = 0.265;
    chromaticities.green_y = 0.69;
  }
  return chromaticities;
}

// The conversion that the file asks for, or none.
std::optional<Colours> colours_of(const std::string& path, const PngChunks& chunks) {
  const auto as_display = [&](std::optional<double> gamma, const Chromaticities& chromaticities) {
    return Colours::of_display(path, gamma, chromaticities, PixelLayout::rgba16, chunks.is_gray());
  };
  if (chunks.code_points) {
    const Chromaticities primaries = primaries_of(path, *chunks.code_points);
    return as_display(std::nullopt, primaries);
  }
  if (chunks.profile) return Colours::of_profile(path, *chunks.profile, PixelLayout::rgba16, chunks.is_gray());
  if (chunks.says_srgb) return std::nullopt;
  const Chromaticities srgb, chromaticities = chunks.chromaticities.value_or(srgb);
  // libpng's own measure: powers whose product with 2.2 lies within 5 % of 1.
  const bool curved = !chunks.gamma || std::abs(*chunks.gamma * 2.2 - 1) <= 0.05;
  if (curved && (chunks.is_gray() || is_near(chromaticities, srgb))) return std::nullopt;
  return as_display(curved ? std::nullopt : std::optional(1 / *chunks.gamma), chromaticities);
}

}  // namespace

Photo decode_png(const std::string& path, std::span<const std::byte> bytes) {
  const PngChunks chunks = take_apart_png(path, bytes);
  const std::optional<Colours> colours = colours_of(path, chunks);
  return colours && !colours->are_srgb() ? read_converted(path, chunks, *colours) : read_srgb(path, chunks);
}

}  // namespace phosphene
