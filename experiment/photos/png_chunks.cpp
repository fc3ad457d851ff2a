#include "experiment/photos/png_chunks.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "experiment/photos/photo.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t kSignature = 8, kAround = 12;  // length, type and checksum of a chunk

uint32_t number_at(Bytes bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8U | std::to_integer<uint32_t>(bytes[at + i]);
  return number;
}

std::string_view chunk_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class PngTaker {
 public:
  PngTaker(const std::string& path, Bytes bytes) : path_(path), bytes_(bytes) {}

  PngChunks take() {
    chunks_.pixels = chunk_text(bytes_.first(kSignature));
    size_t at = kSignature;
    while (!ended_) {
      const size_t left = bytes_.size() - at;
      const bool whole = left >= kAround && number_at(bytes_, at) <= left - kAround;
      if (!whole && seen_data_ && (left < 8 || chunk_text(bytes_.subspan(at + 4, 4)) != "IDAT")) break;
      if (!whole) refuse("the data ends too early");
      const size_t size = kAround + number_at(bytes_, at);
      take_chunk(bytes_.subspan(at, size));
      at += size;
    }
    constexpr std::string_view kEnd("\0\0\0\0IEND\xae\x42\x60\x82", kAround);
    chunks_.pixels += kEnd;
    return std::move(chunks_);
  }

 private:
  template <class... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> why, Arguments&&... arguments) const {
    fail(path_, "a broken PNG ({})", fmt::format(why, std::forward<Arguments>(arguments)...));
  }

  void take_chunk(Bytes chunk) {
    const std::string type(chunk_text(chunk.subspan(4, 4)));
    const Bytes body = chunk.subspan(8, chunk.size() - kAround);
    const Bytes checked = chunk.subspan(4, chunk.size() - 8);
    if (type == "CgBI") fail(path_, "is a PNG in Apple's own format for iOS (CgBI), which is no PNG; convert it back");
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()), checked.size());
    if (crc != number_at(chunk, chunk.size() - 4)) refuse("the checksum of its chunk '{}' is wrong", type);
    if ((type == "IHDR") != (chunks_.width == 0)) refuse("its chunk IHDR is not the first");
    if (type == "IHDR") {
      take_header(body);
    } else if (type == "IEND") {
      ended_ = true;
      return;
    } else if (type == "IDAT") {
      seen_data_ = true;
    } else if (type != "PLTE" && type != "tRNS") {
      if ((static_cast<unsigned char>(type[0]) & 0x20U) == 0) refuse("its chunk '{}' is unknown", type);
      if (!seen_data_) take_colours(type, body);
      return;
    }
    chunks_.pixels += chunk_text(chunk);
  }

  void take_header(Bytes body) {
    if (body.size() != 13) refuse("its header has {} bytes; expected 13", body.size());
    chunks_.width = number_at(body, 0);
    chunks_.height = number_at(body, 4);
    chunks_.colour_type = std::to_integer<uint8_t>(body[9]);
    check_photo_size(path_, chunks_.height, chunks_.width);
    // Deflate makes at most 1032 bytes of one, and a pixel is at least a bit.
    constexpr size_t kPixelsPerByte = 8 * 1032;
    if (size_t{chunks_.height} * chunks_.width / kPixelsPerByte > bytes_.size())
      refuse("its {} bytes cannot hold {} x {} pixels", bytes_.size(), chunks_.height, chunks_.width);
  }

  void take_colours(const std::string& type, Bytes body) {
    if (type == "sRGB") chunks_.says_srgb = true;
    if (type == "iCCP") chunks_.profile = inflated_profile(body);
    if (type == "gAMA") {
      require(type, body, 4);
      chunks_.gamma = fraction(body, 0);
      // The least and most that make any picture: from a power of ten to a tenth root.
      if (*chunks_.gamma < 0.1 || *chunks_.gamma > 10) refuse("its gamma is {:g}; expected about 0.45", *chunks_.gamma);
    }
    if (type == "cHRM") {
      require(type, body, 32);
      std::array<double, 8> xy{};
      for (size_t i = 0; i < xy.size(); ++i) xy[i] = fraction(body, 4 * i);
      chunks_.chromaticities = {xy[0], xy[1], xy[2], xy[3], xy[4], xy[5], xy[6], xy[7]};
    }
    if (type == "cICP") {
      require(type, body, 4);
      chunks_.code_points.emplace();
      for (const std::byte code : body) chunks_.code_points->push_back(std::to_integer<uint8_t>(code));
    }
  }

  void require(const std::string& type, Bytes body, size_t size) const {
    if (body.size() != size) refuse("its chunk '{}' has {} bytes; expected {}", type, body.size(), size);
  }

  static double fraction(Bytes body, size_t at) { return number_at(body, at) / 100000.0; }

  // A name of at most 79 bytes, 0, the method 0, and the profile, deflated.
  [[nodiscard]] std::vector<std::byte> inflated_profile(Bytes body) const {
    constexpr size_t kMaxProfile = size_t{1} << 25U, kMaxName = 79;
    const size_t name = chunk_text(body.first(std::min(body.size(), kMaxName + 1))).find('\0');
    if (name == std::string_view::npos || name + 2 > body.size()) refuse("its colour profile (iCCP) has no name");
    const Bytes packed = body.subspan(name + 2);
    std::vector<std::byte> profile;
    for (size_t size = size_t{1} << 16U; size <= kMaxProfile; size *= 8) {
      profile.resize(size);
      uLongf length = size;
      const int state = uncompress(reinterpret_cast<Bytef*>(profile.data()), &length,
                                   reinterpret_cast<const Bytef*>(packed.data()), packed.size());
      profile.resize(length);
      if (state == Z_OK) return profile;
      if (state != Z_BUF_ERROR) break;
    }
    refuse("its colour profile (iCCP) cannot be inflated");
  }

  const std::string& path_;
  Bytes bytes_;
  PngChunks chunks_;
  bool seen_data_ = false, ended_ = false;
};

}  // namespace

PngChunks take_apart_png(const std::string& path, std::span<const std::byte> bytes) {
  return PngTaker(path, bytes).take();
}

}  // namespace phosphene
