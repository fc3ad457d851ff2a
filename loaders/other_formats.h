// Files of formats that are not read: what each is, and what to do instead.
#pragma once

#include <optional>
#include <string>

namespace phosphene {

// What is said of a file or folder after its name, in one line: "is a TensorFlow Lite model, which is not read: give ...". Nothing for
// what is not recognised, by its first bytes or, where they say too little, its ending; a format that is read is never recognised.
// Throws nothing but what MappedFile::open does for a file.
std::optional<std::string> advice_for(const std::string& path);

}  // namespace phosphene
