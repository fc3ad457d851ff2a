// The containers of torch.save: a zip archive (since PyTorch 1.6) and the file of pickles before it. Both hold one pickle that refers
// to storages, which lie beside it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "loaders/state_dict/pickled.h"

namespace phosphene {

// NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder.
bool is_torch_zip(std::span<const std::byte> bytes);
PickledFile open_torch_zip(const std::string& path, std::span<const std::byte> bytes,
                           std::shared_ptr<const void> owner);

// Five pickles - a magic number, the version of the protocol, facts of the system, the object, the storages' keys - and then the
// storages, in the keys' order: each a count (64 bits) and its numbers.
bool is_torch_legacy(std::span<const std::byte> bytes);
PickledFile open_torch_legacy(const std::string& path, std::span<const std::byte> bytes,
                              std::shared_ptr<const void> owner);

// What PyTorch wrote before 0.1.10, which is not read.
bool is_torch_tar(std::span<const std::byte> bytes);

}  // namespace phosphene
