// Text from files and command lines, made fit for one line of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace phosphene {

// `text` without anything that moves a cursor, rings, colours or turns a line round: control characters, line
// separators, marks of direction and bytes that are no UTF-8 become "\n", "\x1b", "\u202e". After `most` characters it
// ends in "...". What is printable stays as it is.
std::string printable(std::string_view text, size_t most = 80);

// For names that a user must see whole to type them again: paths, layers.
inline constexpr size_t kWholeName = 400;

// How many bytes the well-formed UTF-8 character has that begins at `at`; 0 where none begins.
size_t utf8_character(std::string_view text, size_t at);

}  // namespace phosphene
