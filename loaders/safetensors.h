// The safetensors format (https://github.com/huggingface/safetensors): u64 length of a JSON header, the header (per
// tensor dtype, shape and data_offsets; strings under "__metadata__"), then the tensors' bytes, little-endian and
// row-major.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loaders/mapped_file.h"
#include "runtime/tensor.h"

namespace phosphene {

struct SafetensorsEntry {
  std::string dtype;  // "F32"
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;

  [[nodiscard]] int64_t elements() const;
};

// A file whose header has been checked against its size: every tensor lies inside the file, is as long as its shape
// says, and overlaps no other.
class Safetensors {
 public:
  static Safetensors open(const std::string& path);
  // The same for bytes that `owner` keeps; `path` names them in errors.
  static Safetensors parse(const std::string& path, std::span<const std::byte> bytes,
                           std::shared_ptr<const void> owner);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::shared_ptr<const MappedFile>& file() const { return file_; }  // null for bytes
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return metadata_; }
  [[nodiscard]] const std::map<std::string, SafetensorsEntry>& entries() const { return entries_; }
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  [[nodiscard]] const SafetensorsEntry& entry(const std::string& name) const;  // throws with the nearest name

  // The numbers of a tensor; F32 straight from the mapping, F16, BF16 and F64 converted. Throws for other types.
  [[nodiscard]] Weights weights(const std::string& name) const;
  [[nodiscard]] HostTensor tensor(const std::string& name) const;            // a copy
  [[nodiscard]] std::vector<double> doubles(const std::string& name) const;  // a copy; F64 as it is

 private:
  std::string path_;
  std::shared_ptr<const void> owner_;  // of the bytes
  std::shared_ptr<const MappedFile> file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, SafetensorsEntry> entries_;
};

struct NamedTensor {
  NamedTensor(std::string named, std::vector<int64_t> of_shape, std::span<const float> numbers)
      : name(std::move(named)), shape(std::move(of_shape)), bytes(std::as_bytes(numbers)) {}
  // Bytes that are to be read as they are: a vector of U8.
  NamedTensor(std::string named, std::span<const std::byte> raw)
      : name(std::move(named)), dtype("U8"), shape{std::ssize(raw)}, bytes(raw) {}

  std::string name, dtype = "F32";
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

// Writes tensors to a NewFile (runtime/files.h): `path` never holds half of them. Tensors start at multiples of 16 bytes
// but for those that follow one whose size is none. Throws with the reason when it cannot.
void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace phosphene
