// The HDF5 library, with what a stranger's file could abuse shut off: links are followed only within the file, nothing lies outside it, no
// filter is loaded, and memory is taken only when shapes have been checked. Its own faults stay: hdf5::File (hdf5.h) asks it in a process
// apart.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace phosphene::hdf5 {

// An identifier of the HDF5 library and the function that gives it back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] bool valid() const { return id_ >= 0; }
  [[nodiscard]] hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// What hdf5::File says of its functions holds here too.
class LibraryFile {
 public:
  // `bytes` are those of the file at `path`, or of one in memory, which `place` names; they outlive this. Throws when it is no HDF5 file, or
  // a damaged one.
  static LibraryFile open(const std::string& path, std::span<const std::byte> bytes);
  static LibraryFile in_memory(std::span<const std::byte> bytes, const std::string& place);

  [[nodiscard]] bool has(const std::string& object) const;
  [[nodiscard]] std::vector<std::string> children(const std::string& group) const;
  [[nodiscard]] std::optional<std::string> text(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& object,
                                                              const std::string& attribute) const;
  [[nodiscard]] std::vector<int64_t> dims(const std::string& dataset) const;
  [[nodiscard]] std::vector<float> numbers(const std::string& dataset);
  [[nodiscard]] std::vector<float> numbers(const std::string& dataset, const std::vector<int64_t>& dims) const;

 private:
  LibraryFile(Handle file, std::string place, std::span<const std::byte> bytes);
  [[nodiscard]] bool attribute_exists(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] std::vector<std::string> read_texts(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] Handle open_dataset(const std::string& dataset) const;
  [[nodiscard]] std::vector<int64_t> dims_of(const Handle& dataset, const std::string& name) const;
  [[nodiscard]] std::vector<float> read(const Handle& dataset, const std::string& name, size_t count) const;

  Handle file_;
  std::string place_;
  std::span<const std::byte> bytes_;
  size_t allowance_;  // bytes that numbers() may still take
};

}  // namespace phosphene::hdf5
