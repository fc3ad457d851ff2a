#include "runtime/printable.h"

#include <fmt/format.h>

#include <algorithm>
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

constexpr size_t kMostOfAValue = 80, kMostOfAPath = 160;  // characters
constexpr size_t kUnlimited = SIZE_MAX;

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }

size_t characters_in(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// The bytes of the first `count` characters.
std::string_view first_characters(std::string_view text, size_t count) {
  size_t at = 0;
  for (; at < text.size(); ++at)
    if (begins_character(text[at]) && count-- == 0) break;
  return text.substr(0, at);
}

std::string_view last_characters(std::string_view text, size_t count) {
  const size_t all = characters_in(text);
  return count >= all ? text : text.substr(first_characters(text, all - count).size());
}

// The beginning and the end of what is printable already, `most` characters together.
std::string ends_of(std::string_view text, size_t most, std::string_view between) {
  const size_t first = most * 2 / 3;
  return fmt::format("{}{}{}", first_characters(text, first), between, last_characters(text, most - first));
}

// Where the value ends that `quote` begins before `at`: the quote that a sentence goes on behind. npos: nowhere.
size_t end_of_quoted(std::string_view text, size_t at, char quote) {
  constexpr std::string_view kBehind = " ,.;:)]}?!";
  for (size_t end = text.find(quote, at); end != std::string_view::npos; end = text.find(quote, end + 1))
    if (end + 1 == text.size() || kBehind.find(text[end + 1]) != std::string_view::npos) return end;
  return std::string_view::npos;
}

// The first quote from `at` on, before `end`, that may begin a value; else `end`.
size_t next_quote(std::string_view text, size_t at, size_t end) {
  for (; at < end; ++at) {
    const bool begins = at == 0 || std::string_view(" ([{=:,").find(text[at - 1]) != std::string_view::npos;
    if (begins && (text[at] == '\'' || text[at] == '"')) return at;
  }
  return end;
}

std::string short_value(std::string_view value, size_t most, std::string_view quote) {
  const size_t count = value.size() > most ? characters_in(value) : 0;
  if (count <= most) return fmt::format("{0}{1}{0}", quote, value);
  return fmt::format("{0}{1}{0} ({2} characters)", quote, ends_of(value, most * 3 / 4, "..."), count);
}

// Each value within its limit.
std::string with_short_values(std::string_view text) {
  std::string line;
  for (size_t at = 0; at < text.size();) {
    const size_t closing = next_quote(text, at, at + 1) == at ? end_of_quoted(text, at + 1, text[at]) : text.npos;
    if (closing != text.npos) {
      line += short_value(text.substr(at + 1, closing - at - 1), kMostOfAValue, text.substr(at, 1));
      at = closing + 1;
    } else if (text[at] == ' ') {
      line += text[at++];
    } else {
      const std::string_view word =
          text.substr(at, next_quote(text, at + 1, std::min(text.find(' ', at), text.size())) - at);
      line += short_value(word, word.find('/') == word.npos ? kMostOfAValue : kMostOfAPath, "");
      at += word.size();
    }
  }
  return line;
}

}  // namespace

uint32_t code_point(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(character[i])); };
  if (character.size() == 1) return byte(0);
  uint32_t code = byte(0) & (0x7FU >> character.size());
  for (size_t i = 1; i < character.size(); ++i) code = code << 6U | (byte(i) & 0x3FU);
  return code;
}

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

std::string printable_lines(std::string_view text) {
  std::string lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\n\t", at), text.size());
    lines += printable(text.substr(at, end - at), kUnlimited);
    if (end < text.size()) lines += text[end];
    at = end + 1;
  }
  return lines;
}

std::string shortened(std::string_view text, size_t most) {
  std::string line = printable(text, kUnlimited);
  const size_t count = characters_in(line);
  return count <= most ? line : fmt::format("{} ({} characters)", ends_of(line, most * 3 / 4, "..."), count);
}

std::string message_line(std::string_view text, size_t most) {
  const std::string line = with_short_values(printable(text, kUnlimited));
  constexpr std::string_view kBetween = " ... ";
  return characters_in(line) <= most ? line : ends_of(line, most - kBetween.size(), kBetween);
}

}  // namespace phosphene
