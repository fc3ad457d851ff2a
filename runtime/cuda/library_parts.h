// Libraries that another library opens by itself, opened before it does: where libcudnn.so.9 misses one of its parts it ends the
// program.
#pragma once

#include <functional>
#include <span>
#include <string>

namespace phosphene {

// Opens a library by its path, or by a name that the loader looks for, and leaves it open: whoever asks for its name later is given
// it. "", or why not.
using OpenLibrary = std::function<std::string(const std::string& path)>;
std::string open_library(const std::string& path);

// Opens each of `names` in `folder`, else where the loader looks. "", or the first that cannot be opened, with the reason.
std::string open_parts(const std::string& folder, std::span<const std::string> names,
                       const OpenLibrary& open = open_library);

// The folder of the library that holds a function.
std::string folder_of_library(const void* function);

}  // namespace phosphene
