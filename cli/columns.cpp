#include "cli/columns.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "runtime/printable.h"

namespace phosphene {
namespace {

struct Range {
  uint32_t first, last;
};

// Unicode 15: marks that combine (Mn, Me) of the scripts in use, and what has no width.
constexpr std::array kNone = {Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                              Range{0x0610, 0x061A}, Range{0x064B, 0x065F}, Range{0x06D6, 0x06DC},
                              Range{0x0E34, 0x0E3A}, Range{0x0E47, 0x0E4E}, Range{0x1AB0, 0x1AFF},
                              Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200D}, Range{0x20D0, 0x20FF},
                              Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}, Range{0xE0100, 0xE01EF}};

// East Asian Width W and F, in whole blocks, with the emoji.
constexpr std::array kTwo = {Range{0x1100, 0x115F},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
                             Range{0x23E9, 0x23F3},   Range{0x25FD, 0x25FE},   Range{0x2600, 0x27BF},
                             Range{0x2B1B, 0x2B1C},   Range{0x2B50, 0x2B55},   Range{0x2E80, 0x303E},
                             Range{0x3041, 0xA4CF},   Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},
                             Range{0xF900, 0xFAFF},   Range{0xFE10, 0xFE19},   Range{0xFE30, 0xFE6F},
                             Range{0xFF01, 0xFF60},   Range{0xFFE0, 0xFFE6},   Range{0x16FE0, 0x18CFF},
                             Range{0x1AFF0, 0x1B2FF}, Range{0x1F000, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

template <size_t kSize>
bool is_in(const std::array<Range, kSize>& ranges, uint32_t character) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return range.first <= character && character <= range.last; });
}

// Of well-formed UTF-8.
uint32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first;
  uint32_t code = first & (0x7FU >> character.size());
  for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

// The next character and how many columns it takes. A byte that begins no character counts as one.
struct Character {
  size_t bytes, columns;
};

Character character_at(std::string_view text, size_t at) {
  const size_t bytes = std::max<size_t>(1, utf8_character(text, at));
  if (bytes == 1) return {1, 1};
  const uint32_t code = code_point(text.substr(at, bytes));
  if (is_in(kNone, code)) return {bytes, 0};
  return {bytes, is_in(kTwo, code) ? size_t{2} : size_t{1}};
}

}  // namespace

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    at += character.bytes;
    columns += character.columns;
  }
  return columns;
}

std::string shortened(std::string_view text, size_t columns, std::string_view ellipsis) {
  if (columns_of(text) <= columns) return std::string(text);
  const size_t mark = columns_of(ellipsis);
  if (columns < mark) return "";
  size_t end = 0, used = 0;
  while (end < text.size()) {
    const Character character = character_at(text, end);
    if (used + character.columns > columns - mark) break;
    end += character.bytes;
    used += character.columns;
  }
  return std::string(text.substr(0, end)) + std::string(ellipsis);
}

std::string padded(std::string_view text, size_t columns) {
  return std::string(text) + std::string(columns - std::min(columns, columns_of(text)), ' ');
}

}  // namespace phosphene
