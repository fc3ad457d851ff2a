// HDF5 files as Keras writes them. The HDF5 library, which damaged files can break, reads them in a child process (loaders/apart.h): whatever
// becomes of it, here a file is read or refused.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace phosphene {
class Apart;
}

namespace phosphene::hdf5 {

// Whether bytes begin as HDF5 does.
bool starts(std::span<const std::byte> bytes);

// A file that is open. Objects are named by their paths from the root: "layers/conv2d/vars/0"; "" is the root.
class File {
 public:
  // Throws when it is no HDF5 file, or a damaged one.
  static File open(const std::string& path);
  // The same for a file in memory; the bytes must live as long as the result. `place` names it in errors.
  static File open(std::span<const std::byte> bytes, const std::string& place);
  File(File&&) noexcept;
  File& operator=(File&&) = delete;
  ~File();

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
  File(std::string place, std::shared_ptr<const void> owner, std::unique_ptr<Apart> library);

  std::string place_;
  std::shared_ptr<const void> owner_;  // of the bytes; null when the caller keeps them
  std::unique_ptr<Apart> library_;
};

}  // namespace phosphene::hdf5
