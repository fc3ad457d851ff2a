// The bytes of an ONNX file before protobuf parses them. Protobuf takes what it does not know, lets the last of two values win and
// takes much more memory than bytes; here a file that says anything unknown, twice or too often is refused first.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace phosphene::onnx {

// One field of a message: its number and wire type, its bytes with the tag, and what stands in them.
struct Field {
  uint32_t number = 0;
  uint32_t wire_type = 0;  // 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  std::span<const std::byte> whole;
  std::span<const std::byte> payload;  // of wire type 2: without the length
};

// Walks over the fields of one message.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> message) : rest_(message) {}
  // The next field; nothing at the end, and nothing with broken() where the bytes do not form a field.
  std::optional<Field> next();
  [[nodiscard]] bool broken() const { return broken_; }
  // That the last field would go on behind the end: the file is truncated, or the length is wrong.
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  std::optional<Field> fail_here(bool cut);

  std::span<const std::byte> rest_;
  bool broken_ = false;
  bool cut_ = false;
};

// That a text is UTF-8 without control characters.
bool is_readable(std::string_view text);

// Throws unless `message` is wholly made of fields that `type` lists, each of its type, singular ones at most once, with texts (not
// bytes) in UTF-8 without control characters, and unless protobuf will parse it into little more memory than it takes itself.
void check_wire(const std::string& path, std::span<const std::byte> message, const google::protobuf::Descriptor& type);

}  // namespace phosphene::onnx
