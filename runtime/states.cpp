#include "runtime/states.h"

#include "runtime/error.h"

namespace phosphene {

Memory& States::require(const std::string& name, const TensorInfo& info) {
  Entry& entry = entries_[name];
  if (entry.memory == nullptr) {
    entry.info = info;
    entry.memory = backend_.allocate(info.bytes());
  } else if (entry.info != info) {
    fail_internal(name, "state of shape {} was asked for with shape {}", to_string(entry.info.shape),
                  to_string(info.shape));
  }
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
