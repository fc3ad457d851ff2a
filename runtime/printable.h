// Text from files and command lines, made fit for one line of a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace phosphene {

// `text` without anything that moves a cursor, rings, colours or turns a line round: control characters, line
// separators, marks of direction and bytes that are no UTF-8 become "\n", "\x1b", "\u202e". After `most` characters it
// ends in "...". What is printable stays as it is.
std::string printable(std::string_view text, size_t most = 80);

// For names that a user must see whole to type them again: paths, layers.
inline constexpr size_t kWholeName = 400;

// The same of whole lines, which stay lines and keep their tabs: for a stream.
std::string printable_lines(std::string_view text);

// `text` as printable() without a limit makes it, but if it has more than `most` characters, its first and last ones only, with
// their number: "aaaaaaaaaa...aaaaa" (10000 characters).
std::string shortened(std::string_view text, size_t most = 80);

// A message for people, in one line: printable, each value in it of at most 80 characters (a path: 160), all of it of at most
// `most`. A value is what stands in quotes, or between spaces; what is left out is left out in the middle.
inline constexpr size_t kWholeMessage = 280;
std::string message_line(std::string_view text, size_t most = kWholeMessage);

// How many bytes the well-formed UTF-8 character has that begins at `at`; 0 where none begins.
size_t utf8_character(std::string_view text, size_t at);

// The number of a well-formed UTF-8 character.
uint32_t code_point(std::string_view character);

}  // namespace phosphene
