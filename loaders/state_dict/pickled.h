// Tensors within a pickle: the calls that PyTorch and NumPy leave there, as tables of where the numbers lie.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "loaders/pickle/pickle.h"
#include "loaders/state_dict/state_tensor.h"

namespace phosphene {

// What pickles of tensors may name, sorted. None of them is ever called.
std::span<const std::string_view> allowed_globals();

// What PyTorch calls a storage within a pickle: ("storage", class, key, device, count, view), the latter two as they are there.
struct StorageReference {
  std::string_view class_name;
  std::optional<StateType> type;  // none for bytes without one, and for complex and quantized numbers
  uint64_t element_bytes = 1;
  std::string_view key;
  uint64_t elements = 0;                       // of the whole storage
  uint64_t view_begin = 0, view_elements = 0;  // the part that this object is
};
// Throws for what is no storage.
StorageReference storage_reference(const std::string& file, const Pickle& pickle, const PickleNode& persistent);

struct PickledFile {
  std::string path;  // for errors
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // of the bytes
  std::shared_ptr<const Pickle> pickle;
  // The bytes of a storage, or of the part of it that a view is; empty where a pickle has none beside it.
  std::function<std::shared_ptr<const StateStorage>(const StorageReference&)> storage;
};

// Whether a node is a tensor, though perhaps one of a kind that is not read.
bool is_tensor(const Pickle& pickle, PickleId id);
// A tensor without dimensions, as far as is seen without reading it.
bool is_scalar(const Pickle& pickle, PickleId id);

// The tensor that a node is, checked against its storage. Throws for kinds that are not read, under the tensor's name.
StateTensor pickled_tensor(const PickledFile& file, PickleId id, std::string name);

// The same for a NumPy array.
bool is_numpy_array(const Pickle& pickle, PickleId id);
StateTensor numpy_array(const PickledFile& file, PickleId id, std::string name);

}  // namespace phosphene
