// Texts and numbers as pickles write them in ASCII (protocol 0), and the bytes that Python 3 writes as text before protocol 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phosphene {

// What stands between the quotes of a Python string literal, its escapes replaced; nothing for what is none.
std::optional<std::string> unescaped_literal(std::string_view quoted);

// Python's raw-unicode-escape, \uXXXX and \UXXXXXXXX, and Latin-1 besides, as UTF-8; nothing for what is none.
std::optional<std::string> unescaped_unicode(std::string_view escaped);

// The bytes whose Latin-1 a text in UTF-8 is; nothing when it has other letters.
std::optional<std::string> latin1_bytes(std::string_view utf8);

// Of any length.
bool is_decimal(std::string_view text);
// Of at most 64 bits.
std::optional<int64_t> decimal_integer(std::string_view text);
std::optional<double> decimal_real(std::string_view text);

}  // namespace phosphene
