// The values that live on from step to step, by name: parameters, an optimiser's moments, tables, the step number.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/backend.h"
#include "runtime/tensor.h"

namespace phosphene {

// Several programs (phases of one run) may share one.
class States {
 public:
  explicit States(Backend& backend) : backend_(backend) {}

  [[nodiscard]] Backend& backend() const { return backend_; }

  // A state that will have memory, zeroed, from take_memory() on. The same name must keep its TensorInfo.
  void declare(const std::string& name, const TensorInfo& info);
  void take_memory();
  [[nodiscard]] int64_t bytes_to_take() const;
  // Declares a state and takes its memory.
  Memory& require(const std::string& name, const TensorInfo& info);
  [[nodiscard]] bool contains(const std::string& name) const { return entries_.contains(name); }
  [[nodiscard]] const TensorInfo& info(const std::string& name) const;
  [[nodiscard]] int64_t bytes() const;
  [[nodiscard]] std::vector<std::string> names() const;

  // Copies to and from the host. The span must be as large as the state.
  void write(const std::string& name, std::span<const std::byte> bytes);
  void read(const std::string& name, std::span<std::byte> bytes) const;
  // `bytes.size()` bytes from byte `first` on.
  void read_part(const std::string& name, int64_t first, std::span<std::byte> bytes) const;
  template <class T>
  void write(const std::string& name, const std::vector<T>& values) {
    write(name, std::as_bytes(std::span<const T>(values)));
  }
  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& name) const {
    std::vector<T> values(static_cast<size_t>(info(name).bytes()) / sizeof(T));
    read(name, std::as_writable_bytes(std::span<T>(values)));
    return values;
  }

 private:
  struct Entry {
    TensorInfo info;
    std::unique_ptr<Memory> memory;  // null until it is taken
  };
  [[nodiscard]] const Entry& entry(const std::string& name) const;

  Backend& backend_;
  std::map<std::string, Entry> entries_;
};

}  // namespace phosphene
