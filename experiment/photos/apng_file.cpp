#include "experiment/photos/apng_file.h"

#include <zlib.h>

#include <cstdint>
#include <string_view>

#include "experiment/photos/png_chunks.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kPngSignature = 8, kAroundChunk = 12;  // length, type and checksum of a chunk

void append_number(std::string& bytes, uint32_t number, int size) {
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(number >> (8U * static_cast<unsigned>(i)) & 0xffU);
}

std::string chunk(std::string_view type, std::string_view body) {
  std::string bytes;
  append_number(bytes, static_cast<uint32_t>(body.size()), 4);
  (bytes += type) += body;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()) + 4, bytes.size() - 4);
  append_number(bytes, static_cast<uint32_t>(crc), 4);
  return bytes;
}

struct StillPicture {
  std::string header;  // the body of IHDR
  std::string data;    // the bodies of IDAT, joined
  uint32_t height = 0, width = 0;
};

StillPicture read_still(const std::string& path) {
  const auto file = MappedFile::open(path);
  const PngChunks chunks = take_apart_png(path, file->bytes());
  StillPicture picture{"", "", chunks.height, chunks.width};
  const std::string_view bytes = chunks.pixels;
  for (size_t at = kPngSignature; at < bytes.size();) {
    size_t size = 0;
    for (size_t i = 0; i < 4; ++i) size = size << 8U | static_cast<unsigned char>(bytes[at + i]);
    const std::string_view type = bytes.substr(at + 4, 4), body = bytes.substr(at + 8, size);
    if (type == "IHDR") picture.header = body;
    if (type == "IDAT") picture.data += body;
    if (type == "PLTE" || type == "tRNS")
      fail(path, "has a palette, which cannot be a frame; expected a picture of a run");
    at += size + kAroundChunk;
  }
  return picture;
}

class Animation {
 public:
  explicit Animation(uint32_t frames) {
    append_number(control_, frames, 4);
    append_number(control_, 0, 4);  // plays: without end
  }

  void add(const StillPicture& picture, int milliseconds) {
    if (header_.empty()) header_ = picture.header;
    std::string control;
    append_number(control, sequence_++, 4);
    for (const uint32_t number : {picture.width, picture.height, 0U, 0U}) append_number(control, number, 4);
    append_number(control, static_cast<uint32_t>(milliseconds), 2);
    append_number(control, 1000, 2);
    control += std::string(2, '\0');  // dispose: none; blend: the frame replaces what was there
    frames_ += chunk("fcTL", control);
    if (sequence_ == 1) {
      frames_ += chunk("IDAT", picture.data);
      return;
    }
    std::string data;
    append_number(data, sequence_++, 4);
    frames_ += chunk("fdAT", data + picture.data);
  }

  [[nodiscard]] std::string bytes() const {
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header_) + chunk("acTL", control_) + frames_ + chunk("IEND", "");
  }

 private:
  std::string header_, control_, frames_;
  uint32_t sequence_ = 0;
};

}  // namespace

std::string join_pngs(const std::vector<Frame>& frames) {
  Animation animation(static_cast<uint32_t>(frames.size()));
  std::string header;
  for (const Frame& frame : frames) {
    const StillPicture picture = read_still(frame.png);
    if (header.empty()) header = picture.header;
    if (picture.header != header)
      fail(frame.png, "has {} x {} pixels, or another kind of them, than {}; frames must be alike", picture.height,
           picture.width, frames.front().png);
    animation.add(picture, frame.milliseconds);
  }
  return animation.bytes();
}

}  // namespace phosphene
