#include "loaders/onnx/onnx_wire.h"

#include <vector>

#include "runtime/error.h"

namespace phosphene::onnx {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

enum WireType : uint32_t { wire_varint = 0, wire_fixed64 = 1, wire_delimited = 2, wire_fixed32 = 5 };

// What protobuf takes for a message, a text and a number of an unpacked or variable-length list, rounded up from what sizeof says of
// the largest, and the bound on their sum. A network of two thousand ops needs 20 MB.
constexpr int64_t kMessageBytes = 512, kTextBytes = 64, kNumberBytes = 16;
constexpr int64_t kMostBytes = int64_t{96} << 20;
constexpr size_t kLongestText = 4096;

// The varint at the front of `bytes`, which it shortens; nothing when there is none of at most ten bytes.
std::optional<uint64_t> take_varint(std::span<const std::byte>& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
    value |= (static_cast<uint64_t>(bytes[i]) & 0x7FU) << (7 * i);
    if ((bytes[i] & std::byte{0x80}) != std::byte{0}) continue;
    bytes = bytes.subspan(i + 1);
    return value;
  }
  return std::nullopt;
}

uint32_t wire_type_of(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FLOAT:
      return wire_fixed32;
    case FieldDescriptor::TYPE_DOUBLE:
      return wire_fixed64;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return wire_delimited;
    default:
      return wire_varint;
  }
}

// The length of the UTF-8 sequence at `text[i]`; 0 where there is none, or it stands for a control character.
size_t sequence_length(std::string_view text, size_t i) {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const unsigned first = byte(i);
  if (first < 0x80) return first < 0x20 || first == 0x7F ? 0 : 1;
  const size_t length = first >= 0xC2 && first < 0xE0   ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte(i + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool impossible = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  const bool control = first == 0xC2 && second < 0xA0;
  return overlong || impossible || control ? 0 : length;
}

class Checker {
 public:
  explicit Checker(const std::string& path, const std::byte* begin) : path_(path), begin_(begin) {}

  void message(std::span<const std::byte> bytes, const Descriptor& type) {
    pay(kMessageBytes);
    Fields fields(bytes);
    std::vector<bool> seen(static_cast<size_t>(type.field_count()));
    while (const auto field = fields.next()) {
      const FieldDescriptor* known = type.FindFieldByNumber(static_cast<int>(field->number));
      if (known == nullptr) refuse(*field, fmt::format("{} holds the unknown field {}", type.name(), field->number));
      const auto index = static_cast<size_t>(known->index());
      if (!known->is_repeated() && seen[index])
        refuse(*field, fmt::format("{} gives {} twice", type.name(), known->name()));
      seen[index] = true;
      check(*field, *known);
    }
    if (fields.cut()) fail(path_, "a {} ends too early: the file is truncated or damaged", type.name());
    if (fields.broken()) fail(path_, "a {} is damaged: no ONNX file, or a broken one", type.name());
  }

 private:
  void check(const Field& field, const FieldDescriptor& known) {
    const uint32_t wanted = wire_type_of(known);
    const bool packed = known.is_packable() && field.wire_type == wire_delimited;
    if (field.wire_type != wanted && !packed)
      refuse(field, fmt::format("{} of {} is of the wrong type", known.name(), known.containing_type()->name()));
    if (packed)
      list(field, known, wanted);
    else if (known.type() == FieldDescriptor::TYPE_MESSAGE)
      message(field.payload, *known.message_type());
    else if (known.is_repeated())
      pay(wanted == wire_delimited ? kTextBytes : kNumberBytes);
    if (known.type() == FieldDescriptor::TYPE_STRING) text(field, known);
  }

  void text(const Field& field, const FieldDescriptor& known) {
    const std::string_view letters{reinterpret_cast<const char*>(field.payload.data()), field.payload.size()};
    if (letters.size() > kLongestText || !is_readable(letters))
      refuse(field, fmt::format("expected readable text in {} of {}", known.name(), known.containing_type()->name()));
  }

  void list(const Field& field, const FieldDescriptor& known, uint32_t wanted) {
    const auto damaged = [&] {
      refuse(field, fmt::format("{} of {} is damaged", known.name(), known.containing_type()->name()));
    };
    if (wanted == wire_fixed32 || wanted == wire_fixed64) {
      if (field.payload.size() % (wanted == wire_fixed32 ? 4 : 8) != 0) damaged();
      return;
    }
    for (std::span<const std::byte> rest = field.payload; !rest.empty();) {
      if (!take_varint(rest)) damaged();
      pay(kNumberBytes);
    }
  }

  void pay(int64_t bytes) {
    paid_ += bytes;
    if (paid_ > kMostBytes) fail(path_, "is made of more parts than any network that is read");
  }

  [[noreturn]] void refuse(const Field& field, const std::string& fault) const {
    fail(path_, "{} (at byte {})", fault, field.whole.data() - begin_);
  }

  const std::string& path_;
  const std::byte* begin_;
  int64_t paid_ = 0;
};

}  // namespace

std::optional<Field> Fields::fail_here(bool cut) {
  broken_ = true;
  cut_ = cut;
  return std::nullopt;
}

std::optional<Field> Fields::next() {
  if (rest_.empty() || broken_) return std::nullopt;
  std::span<const std::byte> after = rest_;
  const auto tag = take_varint(after);
  if (!tag) return fail_here(after.size() < 10);
  if (*tag >> 3 == 0 || *tag >> 32 != 0) return fail_here(false);
  Field field{static_cast<uint32_t>(*tag >> 3), static_cast<uint32_t>(*tag & 7U), {}, {}};
  uint64_t length = 0;
  if (field.wire_type == wire_varint) {
    if (!take_varint(after)) return fail_here(after.size() < 10);
  } else if (field.wire_type == wire_delimited) {
    const auto said = take_varint(after);
    if (!said) return fail_here(after.size() < 10);
    length = *said;
  } else if (field.wire_type == wire_fixed32 || field.wire_type == wire_fixed64) {
    length = field.wire_type == wire_fixed32 ? 4 : 8;
  } else {
    return fail_here(false);  // groups, which ONNX never had
  }
  if (length > after.size()) return fail_here(true);
  field.payload = after.first(length);
  field.whole = rest_.first(rest_.size() - after.size() + length);
  rest_ = after.subspan(length);
  return field;
}

bool is_readable(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequence_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void check_wire(const std::string& path, std::span<const std::byte> message, const Descriptor& type) {
  Checker(path, message.data()).message(message, type);
}

}  // namespace phosphene::onnx
