// What a file holds, in a line: runs keep it of their inputs, and compare it when they are continued.
#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

struct FileDigest {
  int64_t bytes = 0;
  std::string hash;  // "xxh128:" and 32 hexadecimal digits, those that `xxh128sum` prints

  bool operator==(const FileDigest&) const = default;
};

// Reads the whole file, in pieces whose memory it gives back. Throws, as MappedFile::open does, if the path is not
// a regular file, or if the file is empty or cannot be read.
FileDigest digest_of(const std::string& path);

}  // namespace phosphene
