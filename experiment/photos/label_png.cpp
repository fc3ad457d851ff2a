#include "experiment/photos/label_png.h"

#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstring>
#include <string_view>

#include "experiment/photos/picture_format.h"
#include "experiment/photos/png_chunks.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// libpng's errors end in a longjmp: nothing with a destructor may be made between `decode` and the library's calls.
class LabelReader {
 public:
  LabelReader(const std::string& path, const PngChunks& chunks)
      : path_(path), left_(chunks.pixels), height_(chunks.height), width_(chunks.width) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &note_error, &pass_over_warning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) fail_internal(path_, "libpng cannot be started");
    pixels_.resize(2 * height_ * width_);
    rows_.resize(height_);
  }
  LabelReader(const LabelReader&) = delete;
  LabelReader& operator=(const LabelReader&) = delete;
  ~LabelReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  std::vector<uint16_t> read() {
    if (!decode()) fail(path_, "a broken PNG ({})", message_);
    std::vector<uint16_t> labels(height_ * width_);
    for (size_t i = 0; i < labels.size(); ++i) {
      labels[i] = pixels_[wide_ ? 2 * i : i];
      if (wide_) labels[i] = static_cast<uint16_t>(labels[i] << 8U | pixels_[2 * i + 1]);  // the high byte comes first
    }
    return labels;
  }

 private:
  static LabelReader& self(png_structp png) { return *static_cast<LabelReader*>(png_get_error_ptr(png)); }
  static void note_error(png_structp png, png_const_charp message) {
    std::strncpy(self(png).message_, message, sizeof message_ - 1);
    std::longjmp(self(png).jump_, 1);
  }
  static void pass_over_warning(png_structp, png_const_charp) {}
  static void give(png_structp png, png_bytep dst, size_t size) {
    std::string_view& left = static_cast<LabelReader*>(png_get_io_ptr(png))->left_;
    if (size > left.size()) png_error(png, "the data ends too early");
    std::memcpy(dst, left.data(), size);
    left.remove_prefix(size);
  }

  bool decode() {
    if (setjmp(jump_) != 0) return false;
    png_set_read_fn(png_, this, &give);
    png_read_info(png_, info_);
    wide_ = png_get_bit_depth(png_, info_) == 16;
    png_set_packing(png_);  // a byte for each pixel of fewer bits, whose number stays
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    for (size_t y = 0; y < height_; ++y) rows_[y] = pixels_.data() + y * width_ * (wide_ ? 2 : 1);
    png_read_image(png_, rows_.data());
    return true;
  }

  const std::string& path_;
  std::string_view left_;
  size_t height_, width_;
  bool wide_ = false;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<uint8_t> pixels_;
  std::vector<png_bytep> rows_;
  std::jmp_buf jump_{};
  char message_[128] = "";
};

}  // namespace

LabelPicture read_label_png(const std::string& path) {
  const auto file = MappedFile::open(path);
  if (picture_format(file->bytes()) != PictureFormat::png) fail(path, "is no PNG; expected a mask of labels");
  const PngChunks chunks = take_apart_png(path, file->bytes());
  if (chunks.colour_type != PNG_COLOR_TYPE_GRAY && chunks.colour_type != PNG_COLOR_TYPE_PALETTE)
    fail(path, "has colours; expected a mask of labels: gray pixels or indices of a palette");
  if (chunks.transparent) fail(path, "has transparent pixels; expected a mask of labels");
  return {chunks.height, chunks.width, LabelReader(path, chunks).read()};
}

}  // namespace phosphene
