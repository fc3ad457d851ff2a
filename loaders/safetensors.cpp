#include "loaders/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "loaders/half.h"
#include "loaders/strict_json.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

using SortedJson = nlohmann::json;  // its keys are found fast, however many a file has
static_assert(std::endian::native == std::endian::little, "tensors are read and written as they lie in memory");

constexpr const char* kMetadata = "__metadata__";
constexpr size_t kLengthBytes = 8;
// A parsed header takes up to thirty times its text, so a bound on the text bounds the memory of a hostile one. A
// network of a thousand layers with a thousand labels needs 0.3 MB.
constexpr uint64_t kMaxHeaderBytes = uint64_t{6} << 20;
constexpr int kMaxHeaderDepth = 3;  // header, tensor, shape
// At the end of each object the library's parser walks all of those before it, so many small ones would take minutes.
constexpr ptrdiff_t kMaxTensors = 10000;

size_t bytes_of(const std::string& path, const std::string& name, const std::string& dtype) {
  static const std::map<std::string, size_t> sizes = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                                                      {"U64", 8}, {"I32", 4}, {"U32", 4}, {"I16", 2},  {"U16", 2},
                                                      {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
  const auto size = sizes.find(dtype);
  if (size == sizes.end()) fail(path, "tensor '{}' has the unknown type '{}'", name, dtype);
  return size->second;
}

SortedJson parse_header(const std::string& path, std::string_view text) {
  if (std::count(text.begin(), text.end(), '{') > kMaxTensors)
    fail(path, "the header describes more than {} tensors", kMaxTensors);
  try {
    return SortedJson::parse(text, StrictJson<SortedJson>(path + ": the header", kMaxHeaderDepth));
  } catch (const SortedJson::exception&) {
    fail(path, "the header is not valid JSON: no safetensors file, or a damaged one");
  }
}

std::vector<uint64_t> unsigned_numbers(const SortedJson& value) {
  std::vector<uint64_t> numbers;
  for (const SortedJson& number : value) {
    if (!number.is_number_unsigned()) return {};
    numbers.push_back(number.get<uint64_t>());
  }
  return numbers;
}

// The tensor `name` as `described` in the header; its span is checked against its shape and the `data` there is.
SafetensorsEntry read_entry(const std::string& path, const std::string& name, const SortedJson& described,
                            std::span<const std::byte> data) {
  const auto part = [&](const char* key, SortedJson::value_t type) -> const SortedJson& {
    if (!described.is_object() || !described.contains(key) || described[key].type() != type) {
      fail(path, "tensor '{}' lacks a valid {} in the header", name, key);
    }
    return described[key];
  };
  SafetensorsEntry entry;
  entry.dtype = part("dtype", SortedJson::value_t::string).get<std::string>();
  const std::vector<uint64_t> shape = unsigned_numbers(part("shape", SortedJson::value_t::array));
  if (shape.size() != described["shape"].size())
    fail(path, "tensor '{}' has a shape that is not a list of sizes", name);
  const std::vector<uint64_t> offsets = unsigned_numbers(part("data_offsets", SortedJson::value_t::array));
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    fail(path, "tensor '{}' has data_offsets that are not a range", name);
  if (offsets[1] > data.size()) {
    fail(path, "tensor '{}' ends {} bytes beyond the end of the file: it is truncated", name, offsets[1] - data.size());
  }
  const uint64_t span = offsets[1] - offsets[0];
  uint64_t needed = bytes_of(path, name, entry.dtype);
  for (const uint64_t size : shape) {
    if (__builtin_mul_overflow(needed, size, &needed) || size > INT64_MAX)
      fail(path, "tensor '{}' has an impossible shape", name);
    entry.shape.push_back(static_cast<int64_t>(size));
  }
  if (needed != span) {
    fail(path, "tensor '{}' of shape [{}] and type {} needs {} bytes, but its size in the file is {}", name,
         fmt::join(shape, ", "), entry.dtype, needed, span);
  }
  entry.bytes = data.subspan(offsets[0], span);
  return entry;
}

void refuse_overlaps(const std::string& path, const std::map<std::string, SafetensorsEntry>& entries) {
  std::vector<std::pair<const std::byte*, const std::string*>> by_begin;
  for (const auto& [name, entry] : entries) {
    if (!entry.bytes.empty()) by_begin.emplace_back(entry.bytes.data(), &name);
  }
  std::sort(by_begin.begin(), by_begin.end());
  for (size_t i = 1; i < by_begin.size(); ++i) {
    const auto& before = entries.at(*by_begin[i - 1].second).bytes;
    if (before.data() + before.size() > by_begin[i].first) {
      fail(path, "tensors '{}' and '{}' overlap", *by_begin[i - 1].second, *by_begin[i].second);
    }
  }
}

std::map<std::string, std::string> read_metadata(const std::string& path, const SortedJson& described) {
  std::map<std::string, std::string> metadata;
  if (!described.is_object()) fail(path, "the metadata is not an object");
  for (const auto& [key, value] : described.items()) {
    if (!value.is_string()) fail(path, "metadata '{}' is not a string", key);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

template <class Stored, class Convert>
std::vector<float> converted(std::span<const std::byte> bytes, Convert convert) {
  std::vector<float> values(bytes.size() / sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
  return values;
}

std::vector<float> to_floats(const std::string& path, const std::string& name, const SafetensorsEntry& entry) {
  if (entry.dtype == "F32") return converted<float>(entry.bytes, [](float value) { return value; });
  if (entry.dtype == "F64")
    return converted<double>(entry.bytes, [](double value) { return static_cast<float>(value); });
  if (entry.dtype == "F16") return converted<uint16_t>(entry.bytes, from_half);
  if (entry.dtype == "BF16") return converted<uint16_t>(entry.bytes, from_bfloat16);
  fail(path, "tensor '{}' is {}; expected F32, F16, BF16 or F64", name, entry.dtype);
}

}  // namespace

int64_t SafetensorsEntry::elements() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

Safetensors Safetensors::open(const std::string& path) {
  const auto file = MappedFile::open(path);
  Safetensors result = parse(path, file->bytes(), file);
  result.file_ = file;
  return result;
}

Safetensors Safetensors::parse(const std::string& path, std::span<const std::byte> bytes,
                               std::shared_ptr<const void> owner) {
  Safetensors result;
  result.path_ = path;
  result.owner_ = std::move(owner);
  uint64_t header_bytes = 0;
  if (bytes.size() < kLengthBytes) fail(path, "is too short for a safetensors header: it is truncated");
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > bytes.size() - kLengthBytes) {
    fail(path, "the header of {} bytes reaches beyond the end of the file: it is truncated, or no safetensors file",
         header_bytes);
  }
  if (header_bytes > kMaxHeaderBytes)
    fail(path, "the header takes {} bytes; at most {} are read", header_bytes, kMaxHeaderBytes);
  const SortedJson header =
      parse_header(path, {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, header_bytes});
  if (!header.is_object()) fail(path, "the header is not a JSON object: not a safetensors file, or a damaged one");
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + header_bytes);
  for (const auto& [name, described] : header.items()) {
    if (name == kMetadata)
      result.metadata_ = read_metadata(path, described);
    else
      result.entries_.emplace(name, read_entry(path, name, described, data));
  }
  refuse_overlaps(path, result.entries_);
  return result;
}

const SafetensorsEntry& Safetensors::entry(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, entry] : entries_) names.push_back(known);
  fail(path_, "holds no tensor '{}'{}", name, suggestion(name, names));
}

Weights Safetensors::weights(const std::string& name) const {
  const SafetensorsEntry& found = entry(name);
  const bool aligned = reinterpret_cast<uintptr_t>(found.bytes.data()) % alignof(float) == 0;
  if (found.dtype == "F32" && aligned) return {owner_, reinterpret_cast<const float*>(found.bytes.data()), found.shape};
  return Weights::from(to_floats(path_, name, found), found.shape);
}

HostTensor Safetensors::tensor(const std::string& name) const {
  const SafetensorsEntry& found = entry(name);
  return {found.shape, to_floats(path_, name, found)};
}

std::vector<double> Safetensors::doubles(const std::string& name) const {
  const SafetensorsEntry& found = entry(name);
  if (found.dtype != "F64") {
    const std::vector<float> numbers = to_floats(path_, name, found);
    return {numbers.begin(), numbers.end()};
  }
  std::vector<double> numbers(found.bytes.size() / sizeof(double));
  std::memcpy(numbers.data(), found.bytes.data(), found.bytes.size());
  return numbers;
}

void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  constexpr size_t kAlignment = 16;
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  // The format allows no gaps, so tensors whose sizes keep the alignment come first.
  std::stable_partition(order.begin(), order.end(),
                        [](const NamedTensor* tensor) { return tensor->bytes.size() % kAlignment == 0; });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  size_t offset = 0;
  for (const NamedTensor* tensor : order) {
    if (tensor->name == kMetadata || header.contains(tensor->name))
      fail_internal(path, "tensor '{}' is written twice", tensor->name);
    const size_t end = offset + tensor->bytes.size();
    header[tensor->name] = {{"dtype", tensor->dtype}, {"shape", tensor->shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text.append(kAlignment - (kLengthBytes + text.size()) % kAlignment, ' ');
  const uint64_t header_bytes = text.size();

  NewFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(std::as_bytes(std::span(text)));
  constexpr size_t kPiece = size_t{16} << 20;  // bytes, between which a request to stop is obeyed
  for (const NamedTensor* tensor : order) {
    for (auto left = tensor->bytes; !left.empty(); left = left.subspan(std::min(kPiece, left.size()))) {
      stop_if_requested();
      file.write(left.first(std::min(kPiece, left.size())));
    }
  }
  file.commit();
}

}  // namespace phosphene
