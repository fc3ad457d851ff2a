// The folder that keeps results of measurements on this machine for later runs.
#pragma once

#include <string>

namespace phosphene {

// $PHOSPHENE_CACHE, else phosphene in $XDG_CACHE_HOME or ~/.cache; "" where none of these is set. Not made yet.
std::string cache_folder();

// Writes a file of it (runtime/files.h), and makes the folders above. One that cannot be written is not an error: its contents
// are found out again.
void write_cache_file(const std::string& path, const std::string& text);

}  // namespace phosphene
