// The one reader of text files: prototxt, JSON, lists of labels.
#pragma once

#include <cstddef>
#include <string>

namespace phosphene {

enum class OtherEncodings {
  refused,
  allowed  // bytes that are no UTF-8 stay as they are: comments of old files are in encodings of their own
};

// The file's text as UTF-8 with lines that end in "\n": a byte-order mark is dropped, and "\r\n" becomes "\n". Throws
// one line for a file that cannot be read, one of more than `most_bytes`, UTF-16 and UTF-32 (by their mark, or by where
// their zero bytes lie), a file that is no text (zero bytes and other control characters), and what is no UTF-8, with its
// line. May wait for a pipe.
std::string read_text(const std::string& path, size_t most_bytes, OtherEncodings others = OtherEncodings::refused);

// The same rules for bytes that were read already; `place` names them in errors.
std::string as_text(std::string bytes, const std::string& place, OtherEncodings others = OtherEncodings::refused);

}  // namespace phosphene
