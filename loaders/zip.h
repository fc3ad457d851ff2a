// Zip archives (PKWARE's APPNOTE.TXT 6.3.10), as PyTorch, NumPy and Keras write them: stored or deflated entries, zip64, one disk.
// The central directory at the end of the file is read; every entry's local header must agree with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phosphene {

struct ZipEntry {
  std::string_view name;
  std::span<const std::byte> packed;  // as it lies in the archive
  uint64_t size = 0;                  // unpacked
  uint32_t crc = 0;                   // of the unpacked bytes
  bool stored = true;                 // as it is; otherwise deflated
};

// An archive whose directory has been checked: every entry lies inside the file, overlaps no other, and has a name of its own.
// Refused with the reason: what is truncated, encrypted, spread over several disks, or packed otherwise than deflated.
class Zip {
 public:
  // Begins like an archive that has entries; it may be damaged further on.
  static bool starts(std::span<const std::byte> bytes);
  // `bytes` must live as long as the result; `place` names them in errors.
  static Zip open(std::string place, std::span<const std::byte> bytes);

  [[nodiscard]] const std::vector<ZipEntry>& entries() const { return entries_; }  // in the directory's order
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;                 // null when there is none
  // The bytes of a stored entry as they lie in the archive; their CRC is not checked. Throws for a deflated one.
  [[nodiscard]] std::span<const std::byte> stored(const ZipEntry& entry) const;
  // A copy, inflated if need be, of an entry of at most `most` bytes; its CRC is checked.
  [[nodiscard]] std::vector<std::byte> read(const ZipEntry& entry, uint64_t most) const;

 private:
  std::string place_;
  std::vector<ZipEntry> entries_;
  std::vector<uint32_t> by_name_;  // indices of entries, sorted by name
};

// CRC-32 as zip archives have it.
uint32_t crc32_of(std::span<const std::byte> bytes);

}  // namespace phosphene
