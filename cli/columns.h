// How wide text is on a terminal, in columns: a Chinese character takes two, a combining accent none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace phosphene {

// Of printable text (runtime/printable.h). What a terminal may draw in one or in two columns counts as two.
size_t columns_of(std::string_view text);

// `text`, or as much of its beginning as fits `columns` with an ellipsis behind it. It is cut between characters; one that combines
// with the character before it stays with it.
std::string shortened(std::string_view text, size_t columns, std::string_view ellipsis = "…");

// `text` with spaces behind it, up to `columns`.
std::string padded(std::string_view text, size_t columns);

}  // namespace phosphene
