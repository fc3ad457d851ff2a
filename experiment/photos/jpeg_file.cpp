#include "experiment/photos/jpeg_file.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdlib>

#include "experiment/photos/exif.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

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
    check_photo_size(path_, jpeg_.output_height, jpeg_.output_width);
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
    char message[JMSG_LENGTH_MAX] = "the data ends too early";
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

}  // namespace

Photo decode_jpeg(const std::string& path, std::span<const std::byte> bytes) {
  return upright(JpegReader(path, bytes).read(), exif_orientation(bytes));
}

std::string encode_jpeg(const std::string& path, const Photo& photo) { return JpegWriter().encode(path, photo); }

}  // namespace phosphene
