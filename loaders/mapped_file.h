// A file as bytes in memory, without reading it: pages come in when they are touched.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace phosphene {

class MappedFile {
 public:
  // Throws if the file does not exist, cannot be read, is not a regular file, or is empty.
  static std::shared_ptr<const MappedFile> open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  // Gives back the memory of the pages that were touched; they come in again when they are touched again.
  void let_go() const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace phosphene
