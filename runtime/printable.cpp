#include "runtime/printable.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace phosphene {
namespace {

struct Range {
  uint32_t first, last;
};
// Unicode's controls, line and paragraph separators, and marks of direction.
constexpr std::array<Range, 7> kUnprintable{
    {{0, 0x1F}, {0x7F, 0x9F}, {0x61C, 0x61C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}}};

uint32_t code_point(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(character[i])); };
  if (character.size() == 1) return byte(0);
  uint32_t code = byte(0) & (0x7FU >> character.size());
  for (size_t i = 1; i < character.size(); ++i) code = code << 6U | (byte(i) & 0x3FU);
  return code;
}

// A character as it is printed.
std::string escaped(std::string_view character) {
  const uint32_t code = code_point(character);
  for (const Range& range : kUnprintable) {
    if (code < range.first || code > range.last) continue;
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    return code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
  }
  return std::string(character);
}

}  // namespace

// The Unicode Standard 15.0, table 3-7.
size_t utf8_character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(at);
  if (at >= text.size()) return 0;
  if (first < 0x80) return 1;
  const size_t bytes = first >= 0xC2 && first < 0xE0   ? 2
                       : first >= 0xE0 && first < 0xF0 ? 3
                       : first >= 0xF0 && first < 0xF5 ? 4
                                                       : 0;
  for (size_t i = 1; i < bytes; ++i) {
    if (byte(at + i) < 0x80 || byte(at + i) > 0xBF) return 0;
  }
  const unsigned second = byte(at + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool beyond = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);  // surrogates, U+110000
  return overlong || beyond ? 0 : bytes;
}

std::string printable(std::string_view text, size_t most) {
  std::string line;
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++characters) {
    if (characters == most) return line + "...";
    const size_t bytes = utf8_character(text, at);
    line +=
        bytes > 0 ? escaped(text.substr(at, bytes)) : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
    at += bytes > 0 ? bytes : 1;
  }
  return line;
}

}  // namespace phosphene
