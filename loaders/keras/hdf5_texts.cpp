#include "loaders/keras/hdf5_texts.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "runtime/error.h"

namespace phosphene::hdf5 {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t kAlignment = 8;
constexpr size_t kReference = 16;  // bytes of a text's length, the address of its heap, and its number there
constexpr int kMaxBlocks = 1000;   // of one object header

size_t aligned(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

// Bytes of a file that may be damaged.
class Reader {
 public:
  Reader(Bytes file, const std::string& place) : file_(file), place_(place) {}

  [[noreturn]] void refuse() const { fail(place_, "cannot be read: the file is damaged"); }
  [[nodiscard]] Bytes part(uint64_t at, uint64_t size) const {
    if (at > file_.size() || size > file_.size() - at) refuse();
    return file_.subspan(at, size);
  }
  [[nodiscard]] Bytes part_of(Bytes bytes, uint64_t at, uint64_t size) const {
    if (at > bytes.size() || size > bytes.size() - at) refuse();
    return bytes.subspan(at, size);
  }
  // A little-endian number.
  [[nodiscard]] uint64_t number(Bytes bytes, uint64_t at, size_t size) const {
    constexpr unsigned kByte = 8;
    const Bytes digits = part_of(bytes, at, size);
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << kByte | std::to_integer<uint64_t>(digits[i]);
    return value;
  }
  template <class... Arguments>
  [[noreturn]] void refuse_as(fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    throw Error(Blame::user, place_, fmt::format(what, std::forward<Arguments>(arguments)...));
  }

 private:
  Bytes file_;
  const std::string& place_;
};

// The data of an attribute message, if it is the attribute called so.
std::optional<Bytes> data_of(const Reader& reader, Bytes message, const std::string& attribute) {
  constexpr size_t kSizes = 2, kOldVersion = 1, kNewVersion = 3;
  const uint64_t version = reader.number(message, 0, 1);
  if (version < kOldVersion || version > kNewVersion) reader.refuse();
  size_t at = version == kNewVersion ? 9 : 8;
  const auto padded = [&](size_t size) { return version == kOldVersion ? aligned(size) : size; };
  std::array<size_t, 3> sizes{};  // of the name, its type and its shape
  for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = reader.number(message, kSizes + 2 * i, 2);
  const Bytes name = reader.part_of(message, at, sizes[0]);
  for (const size_t size : sizes) at += padded(size);
  const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
  if (text.substr(0, text.find('\0')) != attribute) return std::nullopt;
  return reader.part_of(message, at, message.size() - std::min(at, message.size()));
}

// Where an object header keeps the attribute's references to a heap.
Bytes references_of(const Reader& reader, uint64_t header, const std::string& attribute) {
  constexpr uint64_t kAttribute = 0x0C, kContinuation = 0x10, kShared = 0x02;
  constexpr size_t kPrefix = 16, kMessage = 8, kBlockSizeAt = 8;
  const Bytes prefix = reader.part(header, kPrefix);
  if (reader.number(prefix, 0, 1) != 1)
    reader.refuse_as("is a text in HDF5's newer layout, which is not read: save the file with h5py's default libver");
  std::vector<Bytes> blocks{reader.part(header + kPrefix, reader.number(prefix, kBlockSizeAt, 4))};
  for (size_t b = 0; b < blocks.size(); ++b) {
    for (size_t at = 0; at + kMessage <= blocks[b].size();) {
      const uint64_t type = reader.number(blocks[b], at, 2), size = reader.number(blocks[b], at + 2, 2);
      const uint64_t flags = reader.number(blocks[b], at + 4, 1);
      const Bytes message = reader.part_of(blocks[b], at + kMessage, size);
      at += kMessage + size;
      if (type == kAttribute && (flags & kShared) == 0) {
        if (const auto data = data_of(reader, message, attribute)) return *data;
      }
      if (type != kContinuation) continue;
      if (blocks.size() == kMaxBlocks) reader.refuse();
      blocks.push_back(reader.part(reader.number(message, 0, 8), reader.number(message, 8, 8)));
    }
  }
  reader.refuse();
}

// Object `number` of the global heap at an address.
Bytes heap_object(const Reader& reader, uint64_t address, uint64_t number) {
  constexpr size_t kHeader = 16, kSizeAt = 8;
  const Bytes header = reader.part(address, kHeader);
  if (std::memcmp(header.data(), "GCOL", 4) != 0) reader.refuse();
  const Bytes heap = reader.part(address, reader.number(header, kSizeAt, 8));
  for (size_t at = kHeader; at + kHeader <= heap.size();) {
    const uint64_t index = reader.number(heap, at, 2), size = reader.number(heap, at + kSizeAt, 8);
    if (index == 0) break;  // free space is the last
    const Bytes object = reader.part_of(heap, at + kHeader, size);
    if (index == number) return object;
    at += kHeader + aligned(size);
  }
  reader.refuse();
}

}  // namespace

std::vector<std::string> variable_texts(Bytes file, uint64_t header, const std::string& attribute, size_t count,
                                        const std::string& place) {
  const Reader reader(file, place);
  const Bytes references = references_of(reader, header, attribute);
  if (references.size() / kReference < count) reader.refuse();
  std::vector<std::string> texts;
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    const Bytes reference = reader.part_of(references, i * kReference, kReference);
    const uint64_t length = reader.number(reference, 0, 4);
    if (length == 0) {
      texts.emplace_back();
      continue;
    }
    const Bytes object = heap_object(reader, reader.number(reference, 4, 8), reader.number(reference, 12, 4));
    const Bytes letters = reader.part_of(object, 0, length);
    total += letters.size();
    if (total > file.size()) reader.refuse();  // texts that share their letters
    const std::string_view text(reinterpret_cast<const char*>(letters.data()), letters.size());
    texts.emplace_back(text.substr(0, text.find('\0')));
  }
  return texts;
}

}  // namespace phosphene::hdf5
