#include "runtime/states.h"

#include "runtime/error.h"

namespace phosphene {

void States::declare(const std::string& name, const TensorInfo& info) {
  const TensorInfo& known = entries_.try_emplace(name, Entry{info, nullptr}).first->second.info;
  if (known != info) {
    fail_internal(name, "state of shape {} was asked for with shape {}", to_string(known.shape), to_string(info.shape));
  }
}

void States::take_memory() {
  for (auto& [name, entry] : entries_)
    if (entry.memory == nullptr) entry.memory = backend_.allocate(entry.info.bytes());
}

int64_t States::bytes_to_take() const {
  int64_t total = 0;
  for (const auto& [name, entry] : entries_)
    if (entry.memory == nullptr) total += entry.info.bytes();
  return total;
}

Memory& States::require(const std::string& name, const TensorInfo& info) {
  declare(name, info);
  Entry& entry = entries_.at(name);
  if (entry.memory == nullptr) entry.memory = backend_.allocate(info.bytes());
  return *entry.memory;
}

const States::Entry& States::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) fail_internal(name, "no such state{}", suggestion(name, names()));
  return found->second;
}

const TensorInfo& States::info(const std::string& name) const { return entry(name).info; }

int64_t States::bytes() const {
  int64_t total = 0;
  for (const auto& [name, entry] : entries_) total += entry.info.bytes();
  return total;
}

std::vector<std::string> States::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

void States::write(const std::string& name, std::span<const std::byte> bytes) {
  const Entry& target = entry(name);
  if (static_cast<int64_t>(bytes.size()) != target.info.bytes()) {
    fail_internal(name, "{} bytes written to a state of {}", bytes.size(), target.info.bytes());
  }
  backend_.write(target.memory->data(), bytes);
}

void States::read(const std::string& name, std::span<std::byte> bytes) const {
  const Entry& source = entry(name);
  if (static_cast<int64_t>(bytes.size()) != source.info.bytes()) {
    fail_internal(name, "{} bytes read from a state of {}", bytes.size(), source.info.bytes());
  }
  backend_.read(bytes, source.memory->data());
}

void States::read_part(const std::string& name, int64_t first, std::span<std::byte> bytes) const {
  const Entry& source = entry(name);
  if (first < 0 || first + static_cast<int64_t>(bytes.size()) > source.info.bytes()) {
    fail_internal(name, "{} bytes read from byte {} on, of a state of {}", bytes.size(), first, source.info.bytes());
  }
  backend_.read(bytes, static_cast<const std::byte*>(source.memory->data()) + first);
}

}  // namespace phosphene
