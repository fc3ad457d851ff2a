#include "loaders/text_file.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF"sv;

std::ptrdiff_t line_of(std::string_view text, size_t at) {
  return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

// "UTF-16" or "UTF-32" for a text in one of them, else "". Without a mark, most of its letters are Latin ones: all but one byte of
// each are zero.
std::string wide_encoding(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32";
  if (bytes.starts_with("\xFF\xFE"sv) || bytes.starts_with("\xFE\xFF"sv)) return "UTF-16";
  constexpr size_t kLooked = 4096, kUnit = 4;
  const size_t units = std::min(bytes.size(), kLooked) / kUnit;
  std::array<size_t, kUnit> zeros{};
  for (size_t i = 0; i < units * kUnit; ++i) zeros.at(i % kUnit) += static_cast<size_t>(bytes[i] == '\0');
  const auto mostly = [&](size_t place) { return 10 * zeros.at(place) >= 9 * units && units > 0; };
  const auto rarely = [&](size_t place) { return 10 * zeros.at(place) <= units; };
  if (mostly(1) && mostly(2) && ((rarely(0) && mostly(3)) || (mostly(0) && rarely(3)))) return "UTF-32";
  const bool little = mostly(1) && mostly(3) && rarely(0) && rarely(2);
  const bool big = mostly(0) && mostly(2) && rarely(1) && rarely(3);
  return little || big ? "UTF-16" : "";
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && !(byte >= '\t' && byte <= '\r');  // tab, line feed, two other breaks, carriage return
}

void refuse_other_than_text(std::string_view bytes, const std::string& place) {
  if (const std::string encoding = wide_encoding(bytes); !encoding.empty())
    fail(place, "is {}: save it as UTF-8", encoding);
  const size_t control = static_cast<size_t>(std::find_if(bytes.begin(), bytes.end(), is_control) - bytes.begin());
  if (control == bytes.size()) return;
  if (bytes[control] == '\0') fail(place, "is a binary file; expected text");
  fail(place, "line {} holds the control character {}; expected text", line_of(bytes, control),
       printable(bytes.substr(control, 1)));
}

void refuse_other_encodings(std::string_view text, const std::string& place) {
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8_character(text, at);
    if (bytes == 0)
      fail(place, "line {} is not UTF-8 (the byte {}): save it as UTF-8", line_of(text, at),
           printable(text.substr(at, 1)));
    at += bytes;
  }
}

}  // namespace

std::string as_text(std::string bytes, const std::string& place, OtherEncodings others) {
  if (bytes.starts_with(kUtf8Mark)) bytes.erase(0, kUtf8Mark.size());
  refuse_other_than_text(bytes, place);
  if (others == OtherEncodings::refused) refuse_other_encodings(bytes, place);
  size_t end = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
    bytes[end++] = bytes[i];
  }
  bytes.resize(end);
  return bytes;
}

std::string read_text(const std::string& path, size_t most_bytes, OtherEncodings others) {
  if (std::error_code unknown; std::filesystem::is_directory(path, unknown)) fail(path, "is a folder, not a file");
  std::ifstream stream(path, std::ios::binary);
  std::error_code unknown;
  if (!stream)
    fail(path, "cannot be opened ({})",
         std::filesystem::exists(path, unknown) ? "no permission, or not a file" : "there is no such file");
  std::string bytes;
  std::array<char, 1 << 16> piece{};
  while (stream && bytes.size() <= most_bytes) {  // a pipe does not say its size
    stream.read(piece.data(), piece.size());
    bytes.append(piece.data(), static_cast<size_t>(stream.gcount()));
  }
  if (stream.bad()) fail(path, "cannot be read");
  if (bytes.size() > most_bytes) fail(path, "is too large: at most {} bytes of text are read", most_bytes);
  if (bytes.empty()) fail(path, "the file is empty");
  return as_text(std::move(bytes), path, others);
}

}  // namespace phosphene
