#include "loaders/state_dict/state_dict.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "loaders/safetensors.h"
#include "loaders/shown.h"
#include "loaders/state_dict/nesting.h"
#include "loaders/state_dict/pickled.h"
#include "loaders/state_dict/torch_file.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Bytes = std::span<const std::byte>;

bool holds_safetensors(Bytes bytes) {
  uint64_t header_bytes = 0;
  if (bytes.size() <= sizeof(header_bytes)) return false;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  return header_bytes < bytes.size() && bytes[sizeof(header_bytes)] == std::byte{'{'};
}

// Of protocol 2 and later by its first opcode; before that by a dict at its begin and STOP at its end.
bool is_pickle(Bytes bytes) {
  constexpr auto kProto = std::byte{0x80}, kNewest = std::byte{5};
  if (bytes.size() < 2) return false;
  if (bytes[0] == kProto) return bytes[1] <= kNewest;
  const std::string_view begin{reinterpret_cast<const char*>(bytes.data()), 2};
  return bytes.back() == std::byte{'.'} &&
         (begin == "(d" || begin == "}q" || begin == "(l" || begin == "]q" || begin == "cc");
}

void take_pickled(StateDict& dict, const PickledFile& file, const StateDictOptions& options) {
  ChosenTensors chosen = choose_tensors(dict.path, *file.pickle, options.averaged);
  for (NamedNode& tensor : chosen.tensors)
    dict.tensors.push_back(pickled_tensor(file, tensor.id, std::move(tensor.name)));
  dict.taken = std::move(chosen.taken);
  dict.alternatives = std::move(chosen.alternatives);
  dict.skipped = std::move(chosen.skipped);
  dict.skipped_more = chosen.skipped_more;
}

PickledFile open_pickle(const std::string& path, Bytes bytes, std::shared_ptr<const void> owner) {
  auto pickle = std::make_shared<const Pickle>(Pickle::read(path, bytes, allowed_globals()));
  if (pickle->bytes() != bytes.size())
    fail(path, "goes on for {} bytes behind its pickle: it is damaged, or of another format",
         bytes.size() - pickle->bytes());
  return {path, bytes, std::move(owner), std::move(pickle), {}};
}

[[noreturn]] void refuse_format(const std::string& path, StateFormat format) {
  if (format == StateFormat::torch_tar)
    fail(path,
         "is a tar archive, as PyTorch wrote them before 0.1.10, which is not read: save it anew with torch.save");
  fail(path, "is no file of torch.save, no pickle of arrays and no safetensors file");
}

void take_safetensors(StateDict& dict, Bytes bytes, const std::shared_ptr<const void>& owner) {
  static const std::map<std::string, StateType> types = {
      {"F16", StateType::f16},     {"BF16", StateType::bf16}, {"F32", StateType::f32}, {"F64", StateType::f64},
      {"I8", StateType::i8},       {"I16", StateType::i16},   {"I32", StateType::i32}, {"I64", StateType::i64},
      {"U8", StateType::u8},       {"U16", StateType::u16},   {"U32", StateType::u32}, {"U64", StateType::u64},
      {"BOOL", StateType::boolean}};
  const Safetensors file = Safetensors::parse(dict.path, bytes, owner);
  if (file.entries().size() > kMaxStateTensors) fail(dict.path, "holds more than {} tensors", kMaxStateTensors);
  if (file.entries().empty()) fail(dict.path, "holds no tensors");
  for (const auto& [name, entry] : file.entries()) {
    if (name.size() > kMaxStateName) fail(dict.path, "holds a name of {} letters: '{}'", name.size(), shown(name));
    auto storage = std::make_shared<StateStorage>();
    storage->file = dict.path;
    storage->name = "its bytes";
    storage->bytes = entry.bytes;
    storage->owner = owner;
    StateTensor tensor{.name = name, .type = types.at(entry.dtype), .dims = entry.shape, .storage = std::move(storage)};
    tensor.strides.assign(tensor.dims.size(), 0);
    check_layout(tensor);  // the sizes, before they are multiplied
    tensor.strides = strides_of(tensor.dims);
    check_layout(tensor);
    dict.tensors.push_back(std::move(tensor));
  }
  std::stable_sort(dict.tensors.begin(), dict.tensors.end(), [](const StateTensor& a, const StateTensor& b) {
    return a.storage->bytes.data() < b.storage->bytes.data();
  });
}

// Views of one storage could make any number of numbers of a small file.
void check_sizes(const StateDict& dict, uint64_t file_bytes) {
  constexpr uint64_t kAtLeast = uint64_t{128} << 20, kMostCopied = 2, kMostShared = 4;
  uint64_t copied = 0, read = 0;
  for (const StateTensor& tensor : dict.tensors) {
    const auto elements = static_cast<uint64_t>(tensor.elements());
    const uint64_t number = is_floating(tensor.type) ? sizeof(float) : sizeof(int64_t);
    uint64_t bytes = 0, held = 0;
    const bool overflow = __builtin_mul_overflow(elements, number, &bytes) ||
                          __builtin_mul_overflow(elements, bytes_of(tensor.type), &held) ||
                          __builtin_add_overflow(read, held, &read) ||
                          (!tensor.mapped() && __builtin_add_overflow(copied, bytes, &copied));
    if (overflow || copied > kMostCopied * file_bytes + kAtLeast || read > kMostShared * file_bytes + kAtLeast) {
      fail(dict.path, "tensor '{}' of shape [{}] makes more numbers than a file of {} bytes should hold",
           shown(tensor.name), fmt::join(tensor.dims, ", "), file_bytes);
    }
  }
}

void sort_names(StateDict& dict) {
  std::vector<std::string*> names;
  for (StateTensor& tensor : dict.tensors) names.push_back(&tensor.name);
  dict.prefix = strip_prefix(std::move(names));
  dict.by_name.resize(dict.tensors.size());
  std::iota(dict.by_name.begin(), dict.by_name.end(), 0U);
  const auto name = [&](uint32_t index) -> const std::string& { return dict.tensors[index].name; };
  std::sort(dict.by_name.begin(), dict.by_name.end(), [&](uint32_t a, uint32_t b) { return name(a) < name(b); });
  for (size_t i = 1; i < dict.by_name.size(); ++i) {
    if (name(dict.by_name[i - 1]) == name(dict.by_name[i]))
      fail(dict.path, "holds two tensors called '{}'", shown(name(dict.by_name[i])));
  }
}

}  // namespace

const StateTensor* StateDict::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name.begin(), by_name.end(), name,
                       [&](uint32_t index, std::string_view wanted) { return tensors[index].name < wanted; });
  return found == by_name.end() || tensors[*found].name != name ? nullptr : &tensors[*found];
}

const StateTensor& StateDict::at(const std::string& name) const {
  if (const StateTensor* const found = find(name)) return *found;
  std::vector<std::string> names;
  for (const StateTensor& tensor : tensors) names.push_back(tensor.name);
  fail(path, "holds no tensor '{}'{}", name, suggestion(name, names));
}

StateFormat state_format(Bytes bytes) {
  if (is_torch_zip(bytes)) return StateFormat::torch_zip;
  if (is_torch_legacy(bytes)) return StateFormat::torch_legacy;
  if (is_pickle(bytes)) return StateFormat::pickle;
  if (is_torch_tar(bytes)) return StateFormat::torch_tar;
  if (holds_safetensors(bytes)) return StateFormat::safetensors;
  return StateFormat::none;
}

StateFormat state_format(const std::string& path) { return state_format(MappedFile::open(path)->bytes()); }

StateDict parse_state_dict(const std::string& path, Bytes bytes, std::shared_ptr<const void> owner,
                           const StateDictOptions& options) {
  StateDict dict;
  dict.path = path;
  dict.format = state_format(bytes);
  switch (dict.format) {
    case StateFormat::torch_zip:
      take_pickled(dict, open_torch_zip(path, bytes, std::move(owner)), options);
      break;
    case StateFormat::torch_legacy:
      take_pickled(dict, open_torch_legacy(path, bytes, std::move(owner)), options);
      break;
    case StateFormat::pickle:
      take_pickled(dict, open_pickle(path, bytes, std::move(owner)), options);
      break;
    case StateFormat::safetensors:
      take_safetensors(dict, bytes, owner);
      break;
    default:
      refuse_format(path, dict.format);
  }
  check_sizes(dict, bytes.size());
  sort_names(dict);
  return dict;
}

StateDict read_state_dict(const std::string& path, const StateDictOptions& options) {
  const auto file = MappedFile::open(path);
  StateDict dict = parse_state_dict(path, file->bytes(), file, options);
  dict.file = file;
  return dict;
}

}  // namespace phosphene
