// Words of a file in an error: one line, and not longer than a person reads.
#pragma once

#include <string>
#include <string_view>

namespace phosphene {

// `words` without what is not printable, cut after `most` bytes.
inline std::string shown(std::string_view words, size_t most = 100) {
  constexpr unsigned char kSpace = 0x20, kDelete = 0x7F;
  std::string text;
  for (const char letter : words.substr(0, most)) {
    const auto code = static_cast<unsigned char>(letter);
    text += code < kSpace || code == kDelete ? '?' : letter;
  }
  if (words.size() > most) text += "...";
  return text;
}

}  // namespace phosphene
