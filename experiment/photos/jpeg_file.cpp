#include "experiment/photos/jpeg_file.h"

#include <jpeglib.h>

#include <jerror.h>  // its numbers depend on what jpeglib.h defines

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <optional>

#include "experiment/photos/colours.h"
#include "experiment/photos/exif.h"
#include "experiment/photos/jpeg_blocks.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

// What libjpeg said, and what it means for the picture.
class JpegJudge {
 public:
  // Of a warning, while `end` is where the decoder has read to, or null beyond the file's end.
  void hear(const jpeg_error_mgr& errors, const std::byte* end, Bytes file) {
    switch (errors.msg_code) {
      case JWRN_JPEG_EOF:  // it goes on as if there were an end marker
        ended_early_ = true;
        return;
      case JWRN_JFIF_MAJOR:
      case JWRN_NOT_SEQUENTIAL:
        return;
      case JWRN_BOGUS_ICC:
        profile_broken_ = true;
        return;
      case JWRN_EXTRANEOUS_DATA:
        if (errors.msg_parm.i[1] == JPEG_EOI && zeros_before(end != nullptr ? end : file.data() + file.size(), file,
                                                             static_cast<size_t>(errors.msg_parm.i[0])))
          return;
        break;
      default:
        break;
    }
    damaged_ = true;
  }

  [[nodiscard]] bool ended_early() const { return ended_early_; }
  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] bool profile_broken() const { return profile_broken_; }

 private:
  static bool zeros_before(const std::byte* end, Bytes file, size_t count) {
    const auto last = static_cast<size_t>(end - file.data());
    if (count > last) return false;
    const Bytes passed = file.subspan(last - count, count);
    return std::all_of(passed.begin(), passed.end(), [](std::byte byte) { return byte == std::byte{0}; });
  }

  bool ended_early_ = false, damaged_ = false, profile_broken_ = false;
};

// libjpeg's errors end in a longjmp: nothing with a destructor may be made between `decode` and the library's calls.
class JpegReader {
 public:
  JpegReader(const std::string& path, Bytes bytes) : path_(path), bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = &stop;
    errors_.emit_message = &note_warning;
    jpeg_create_decompress(&jpeg_);
    progress_.progress_monitor = &limit_scans;
    jpeg_.progress = &progress_;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() {
    jpeg_destroy_decompress(&jpeg_);
    std::free(profile_);
  }

  Photo read() {
    if (!start()) refuse();
    check_photo_size(path_, jpeg_.output_height, jpeg_.output_width);
    // A block of 8 x 8 pixels of the finest channel takes a bit at the least.
    constexpr size_t kPixelsPerByte = size_t{8} * 8 * 8;
    if (!jpeg_.arith_code && size_t{jpeg_.output_height} * jpeg_.output_width / kPixelsPerByte > bytes_.size()) {
      fail(path_, "a broken JPEG (its {} bytes cannot hold {} x {} pixels)", bytes_.size(), jpeg_.output_height,
           jpeg_.output_width);
    }
    prepare_colours();
    Photo photo{jpeg_.output_height, jpeg_.output_width, {}};
    std::vector<uint8_t> row(static_cast<size_t>(photo.width) * 4);
    if (!decode(photo.rgb, row.data()) || judge_.damaged()) refuse();
    if (incomplete_) fail(path_, "a broken JPEG ({})", judge_.ended_early() ? kCut : "a part of its data is missing");
    if (!blocks_are_plausible(bytes_)) fail(path_, "a broken JPEG (it decodes to what no picture can be)");
    return photo;
  }

 private:
  static constexpr const char* kCut = "the data ends too early";

  static JpegReader& self(j_common_ptr jpeg) { return *static_cast<JpegReader*>(jpeg->client_data); }
  static void stop(j_common_ptr jpeg) { std::longjmp(self(jpeg).jump_, 1); }
  static void note_warning(j_common_ptr jpeg, int level) {
    JpegReader& reader = self(jpeg);
    if (level >= 0 || reader.judge_.damaged()) return;
    const auto* at = reinterpret_cast<const std::byte*>(reader.jpeg_.src->next_input_byte);
    const std::byte *begin = reader.bytes_.data(), *end = begin + reader.bytes_.size();
    const bool inside = std::greater_equal<>()(at, begin) && std::less_equal<>()(at, end);
    reader.judge_.hear(*jpeg->err, inside ? at : nullptr, reader.bytes_);
    if (reader.judge_.damaged()) jpeg->err->format_message(jpeg, reader.damage_);
  }
  // Each scan costs a pass over the picture, however few bytes it has.
  static void limit_scans(j_common_ptr jpeg) {
    constexpr int kMaxScans = 100;
    JpegReader& reader = self(jpeg);
    if (reader.jpeg_.input_scan_number <= kMaxScans) return;
    reader.too_many_scans_ = true;
    stop(jpeg);
  }

  [[noreturn]] void refuse_profile() const {
    fail(path_, "its ICC colour profile is broken: parts are missing (exiftool -icc_profile= FILE removes it)");
  }

  [[noreturn]] void refuse() {
    if (too_many_scans_) fail(path_, "a JPEG in more than 100 scans, which no camera or program writes");
    const int code = judge_.damaged() ? 0 : errors_.msg_code;
    if (code == JWRN_BOGUS_ICC) refuse_profile();
    if (code == JERR_BAD_PRECISION)
      fail(path_, "is a JPEG of {} bits for each colour; expected 8: convert it", jpeg_.data_precision);
    if (code == JERR_SOF_UNSUPPORTED)
      fail(path_,
           "is a JPEG of a rare kind (lossless or hierarchical, marker ff{:02x}); expected baseline or progressive",
           errors_.msg_parm.i[0]);
    if (code == JERR_CONVERSION_NOTIMPL)
      fail(path_, "is a JPEG of {} channels; expected 1, 3 or 4", jpeg_.num_components);
    char message[JMSG_LENGTH_MAX];
    if (!judge_.damaged()) errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), message);
    fail(path_, "a broken JPEG ({})", judge_.ended_early() ? kCut : judge_.damaged() ? damage_ : message);
  }

  bool start() {
    if (setjmp(jump_) != 0) return false;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_save_markers(&jpeg_, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(&jpeg_, TRUE);
    jpeg_.out_color_space = has_inks() ? JCS_CMYK : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_calc_output_dimensions(&jpeg_);
    (void)jpeg_read_icc_profile(&jpeg_, &profile_, &profile_size_);
    return true;
  }

  [[nodiscard]] bool has_inks() const {
    return jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
  }

  void prepare_colours() {
    if (judge_.profile_broken()) refuse_profile();
    if (profile_ == nullptr) return;
    // Adobe's files hold 255 - ink.
    const PixelLayout layout = !has_inks()              ? PixelLayout::rgb8
                               : jpeg_.saw_Adobe_marker ? PixelLayout::inverted_cmyk8
                                                        : PixelLayout::cmyk8;
    const Bytes profile(reinterpret_cast<const std::byte*>(profile_), profile_size_);
    colours_ = Colours::of_profile(path_, profile, layout, jpeg_.jpeg_color_space == JCS_GRAYSCALE);
    if (colours_->are_srgb()) colours_.reset();
  }

  // Memory grows with the rows that there are, not with what the header promises.
  bool decode(std::vector<uint8_t>& rgb, uint8_t* row) {
    if (setjmp(jump_) != 0) return false;
    jpeg_start_decompress(&jpeg_);
    const auto width = static_cast<size_t>(jpeg_.output_width);
    while (jpeg_.output_scanline < jpeg_.output_height && !judge_.damaged()) {
      stop_if_requested();
      rgb.resize(rgb.size() + width * 3);
      uint8_t* dst = rgb.data() + rgb.size() - width * 3;
      uint8_t* target = has_inks() || colours_ ? row : dst;
      jpeg_read_scanlines(&jpeg_, &target, 1);
      if (colours_)
        colours_->convert(row, dst, width);
      else if (target == row)
        from_cmyk(row, dst, width);
    }
    if (judge_.damaged()) return true;
    const bool lacks = lacks_data(), may_follow = may_go_on();
    jpeg_finish_decompress(&jpeg_);  // reads on to the end marker
    incomplete_ = lacks || (judge_.ended_early() && (may_follow || jpeg_.arith_code));
    return true;
  }

  // Whether the scans leave out what every program writes: each component's means, the finer parts of the first, and all bits of what
  // they do hold.
  [[nodiscard]] bool lacks_data() const {
    for (int c = 0; c < jpeg_.num_components; ++c) {
      if (jpeg_.comp_info[c].quant_table == nullptr) return true;
      if (jpeg_.coef_bits == nullptr) continue;  // not progressive
      const int* bits = jpeg_.coef_bits[c];      // that are still open; -1: none have come
      if (bits[0] < 0 || (c == 0 && bits[1] < 0)) return true;
      if (std::any_of(bits, bits + DCTSIZE2, [](int open) { return open > 0; })) return true;
    }
    return false;
  }

  // Whether scans may follow that would change the picture.
  [[nodiscard]] bool may_go_on() const {
    for (int c = 0; c < jpeg_.num_components && jpeg_.coef_bits != nullptr; ++c) {
      const int* bits = jpeg_.coef_bits[c];
      if (std::any_of(bits, bits + DCTSIZE2, [](int open) { return open != 0; })) return true;
    }
    return false;
  }

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
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_;
  JpegJudge judge_;
  char damage_[JMSG_LENGTH_MAX] = "";
  bool too_many_scans_ = false, incomplete_ = false;
  JOCTET* profile_ = nullptr;
  unsigned profile_size_ = 0;
  std::optional<Colours> colours_;
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
