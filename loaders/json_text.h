// JSON as text, both ways for texts that are no UTF-8: JSON can hold none, and names of files may be any bytes.
#pragma once

#include <string>
#include <string_view>

#include "loaders/json.h"

namespace phosphene {

// A byte that is no part of UTF-8 is written as U+FFFD and its two hexadecimal digits: the bytes "caf\xE9.jpg" as "caf\uFFFDE9.jpg".
// A U+FFFD of the text itself is written so too, byte by byte ("\uFFFDEF\uFFFDBF\uFFFDBD"), so that no two texts are written alike.
std::string as_utf8(std::string_view bytes);
// The bytes again. What as_utf8 does not write stays as it is.
std::string as_bytes(std::string_view text);

// The one way in which JSON is written: never throws for a text, and holds no control character, mark of direction or DEL but
// escaped. `indent`: spaces; -1: all in one line.
std::string json_text(const Json& json, int indent = -1);

// Texts and keys that as_utf8 wrote, as bytes again.
void take_bytes_back(Json& json);

}  // namespace phosphene
