#include "loaders/pickle/strings.h"

#include <charconv>

namespace phosphene {
namespace {

// The value of `count` hexadecimal digits at `at`; nothing when they are not there.
std::optional<uint32_t> hexadecimal(std::string_view text, size_t at, size_t count) {
  if (at > text.size() || count > text.size() - at) return {};
  uint32_t value = 0;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + count, value, 16);
  if (error != std::errc() || end != begin + count) return {};
  return value;
}

// False for what is no code point. Halves of surrogate pairs are written as they are, as Python does with "surrogatepass".
bool append_utf8(std::string& text, uint32_t code) {
  const auto tail = [&](int shift) { text += static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | code >> 12);
    tail(6);
    tail(0);
  } else if (code < 0x110000) {
    text += static_cast<char>(0xF0U | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  } else {
    return false;
  }
  return true;
}

// Of an escape of one letter; 0 for another.
char simple_escape(char letter) {
  switch (letter) {
    case '\\':
    case '\'':
    case '"':
      return letter;
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    default:
      return 0;
  }
}

// The escape at `at`, just behind its backslash; moves `at` behind it.
std::optional<char> byte_escape(std::string_view text, size_t& at) {
  constexpr size_t kMaxOctal = 3;
  if (at >= text.size()) return {};
  const char letter = text[at];
  if (letter == 'x') {
    const auto value = hexadecimal(text, at + 1, 2);
    at += 3;
    return value ? std::optional(static_cast<char>(*value)) : std::nullopt;
  }
  if (letter >= '0' && letter <= '7') {
    unsigned value = 0;
    for (size_t i = 0; i < kMaxOctal && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i, ++at)
      value = value * 8 + static_cast<unsigned>(text[at] - '0');
    return static_cast<char>(value);
  }
  ++at;
  const char replaced = simple_escape(letter);
  return replaced == 0 ? std::nullopt : std::optional(replaced);
}

}  // namespace

std::optional<std::string> unescaped_literal(std::string_view quoted) {
  if (quoted.size() < 2 || (quoted.front() != '\'' && quoted.front() != '"') || quoted.back() != quoted.front())
    return {};
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      plain += text[at++];
      continue;
    }
    const auto replaced = byte_escape(text, ++at);
    if (!replaced) return {};
    plain += *replaced;
  }
  return plain;
}

std::optional<std::string> unescaped_unicode(std::string_view escaped) {
  std::string text;
  for (size_t at = 0; at < escaped.size();) {
    const char letter = escaped[at];
    const char kind = letter == '\\' && at + 1 < escaped.size() ? escaped[at + 1] : ' ';
    if (kind == 'u' || kind == 'U') {
      const size_t digits = kind == 'u' ? 4 : 8;
      const auto code = hexadecimal(escaped, at + 2, digits);
      if (!code || !append_utf8(text, *code)) return {};
      at += 2 + digits;
    } else {
      append_utf8(text, static_cast<unsigned char>(letter));
      ++at;
    }
  }
  return text;
}

std::optional<std::string> latin1_bytes(std::string_view utf8) {
  std::string bytes;
  for (size_t at = 0; at < utf8.size(); ++at) {
    const auto code = static_cast<unsigned char>(utf8[at]);
    if (code < 0x80) {
      bytes += utf8[at];
      continue;
    }
    if ((code != 0xC2 && code != 0xC3) || at + 1 == utf8.size()) return {};
    const auto tail = static_cast<unsigned char>(utf8[++at]);
    if ((tail & 0xC0U) != 0x80) return {};
    bytes += static_cast<char>((code & 0x03U) << 6 | (tail & 0x3FU));
  }
  return bytes;
}

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<int64_t> decimal_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<double> decimal_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace phosphene
