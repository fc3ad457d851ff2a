// HDF5 files as Keras writes them, read through the HDF5 library with what a stranger's file could abuse shut off: links are followed
// only within the file, nothing lies outside it, no filter is loaded, and memory is taken only when shapes have been checked.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <memory>
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

// Whether bytes begin as HDF5 does.
bool starts(std::span<const std::byte> bytes);

// A file that is open. Objects are named by their paths from the root: "layers/conv2d/vars/0"; "" is the root.
class File {
 public:
  // Throws when it is no HDF5 file, or a damaged one.
  static File open(const std::string& path);
  // The same for a file in memory; the bytes must live as long as the result. `place` names it in errors.
  static File open(std::span<const std::byte> bytes, const std::string& place);

  [[nodiscard]] const std::string& place() const { return place_; }

  [[nodiscard]] bool has(const std::string& object) const;
  // The names of what a group holds, sorted; numbers in them count as numbers: "conv2d_2" before "conv2d_10".
  [[nodiscard]] std::vector<std::string> children(const std::string& group) const;

  // Attributes that are texts, of fixed or variable length; nothing where there is none. Throws for other types.
  [[nodiscard]] std::optional<std::string> text(const std::string& object, const std::string& attribute) const;
  // Keras cuts long lists in pieces, ATTRIBUTE0, ATTRIBUTE1, ...: they are put together.
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const std::string& object,
                                                              const std::string& attribute) const;

  // Throws unless the dataset is an array of floating-point numbers that lies in this file.
  [[nodiscard]] std::vector<int64_t> dims(const std::string& dataset) const;
  // Its numbers, row-major. Throws for those that were never written, and when all that is read so would take more than 64 MB and
  // sixteen times the file's size: packed zeros may claim to be more.
  [[nodiscard]] std::vector<float> numbers(const std::string& dataset);
  // The numbers of one that must have these dimensions, which alone say how much memory is taken; 0 for what was never written.
  [[nodiscard]] std::vector<float> numbers(const std::string& dataset, const std::vector<int64_t>& dims) const;

 private:
  File(Handle file, std::string place, std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  [[nodiscard]] bool attribute_exists(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] std::vector<std::string> read_texts(const std::string& object, const std::string& attribute) const;
  [[nodiscard]] Handle open_dataset(const std::string& dataset) const;
  [[nodiscard]] std::vector<int64_t> dims_of(const Handle& dataset, const std::string& name) const;
  [[nodiscard]] std::vector<float> read(const Handle& dataset, const std::string& name, size_t count) const;

  Handle file_;
  std::string place_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;  // of the bytes; null when the caller keeps them
  size_t allowance_;                   // bytes that numbers() may still take
};

}  // namespace phosphene::hdf5
