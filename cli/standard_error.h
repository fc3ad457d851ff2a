// Writing to stderr. What cannot be written there is lost: nobody is left to be told, and no work stops for it.
#pragma once

#include <cstdio>
#include <string>

namespace phosphene {

inline void write_to_stderr(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace phosphene
