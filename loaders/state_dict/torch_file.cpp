#include "loaders/state_dict/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "loaders/shown.h"
#include "loaders/zip.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Kind = PickleNode::Kind;
using Bytes = std::span<const std::byte>;
using Storages = std::map<std::string_view, std::shared_ptr<const StateStorage>>;

constexpr std::string_view kPickleName = "/data.pkl";
// 0x1950a86a20f9469cfc6c, as a pickle has it.
constexpr std::string_view kMagic("\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", 10);
constexpr int64_t kProtocol = 1001;
constexpr size_t kMaxStorages = size_t{1} << 17;  // optimizers' states are twice the network's

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::shared_ptr<StateStorage> storage_in(const std::string& path, std::string name, Bytes bytes,
                                         const std::shared_ptr<const void>& owner) {
  auto storage = std::make_shared<StateStorage>();
  storage->file = path;
  storage->name = std::move(name);
  storage->bytes = bytes;
  storage->owner = owner;
  return storage;
}

void refuse_torchscript(const std::string& path, const Zip& zip, std::string_view folder) {
  for (const ZipEntry& entry : zip.entries()) {
    if (entry.name.substr(0, folder.size()) != folder) continue;
    const std::string_view name = entry.name.substr(folder.size());
    if (name == "/constants.pkl" || name.substr(0, 6) == "/code/") {
      fail(path,
           "is a TorchScript archive, a program with its weights, which is not run: save model.state_dict() with "
           "torch.save, or export "
           "ONNX");
    }
  }
}

// "NAME" of the one entry NAME/data.pkl.
std::string_view folder_of(const std::string& path, const Zip& zip) {
  std::string_view folder;
  for (const ZipEntry& entry : zip.entries()) {
    if (!entry.name.ends_with(kPickleName)) continue;
    const std::string_view found = entry.name.substr(0, entry.name.size() - kPickleName.size());
    if (found.find('/') != std::string_view::npos) continue;
    if (!folder.empty())
      fail(path, "holds two pickles, '{}' and '{}': no file of torch.save", shown(folder), shown(found));
    folder = found;
  }
  if (folder.empty()) fail(path, "is a zip archive without NAME/data.pkl: no file of torch.save");
  return folder;
}

// Storages of an archive, each made once, however many tensors have a part in it.
class ZipStorages {
 public:
  ZipStorages(std::string path, Zip zip, std::string folder, std::shared_ptr<const void> owner)
      : path_(std::move(path)), zip_(std::move(zip)), folder_(std::move(folder)), owner_(std::move(owner)) {}

  std::shared_ptr<const StateStorage> find(const StorageReference& reference) {
    const std::string place = fmt::format("{}: storage '{}'", path_, shown(reference.key));
    auto& known = storages_[reference.key];
    if (!known) {
      const ZipEntry* const entry = zip_.find(fmt::format("{}/data/{}", folder_, reference.key));
      if (entry == nullptr) fail(place, "is not in the archive");
      auto storage = storage_in(path_, fmt::format("entry '{}'", shown(entry->name)), zip_.stored(*entry), owner_);
      storage->crc = entry->crc;
      known = std::move(storage);
    }
    if (reference.view_elements != reference.elements) fail(place, "is a view of another: no file of torch.save");
    uint64_t needed = 0;
    if (__builtin_mul_overflow(reference.elements, reference.element_bytes, &needed) || needed != known->bytes.size()) {
      fail(place, "of {} elements of {} bytes has {} bytes in the archive: the file is damaged", reference.elements,
           reference.element_bytes, known->bytes.size());
    }
    return known;
  }

 private:
  std::string path_;
  Zip zip_;
  std::string folder_;
  std::shared_ptr<const void> owner_;
  Storages storages_;
};

// The pickles at the begin of an older file.
class LegacyHead {
 public:
  LegacyHead(const std::string& path, Bytes bytes) : path_(path), bytes_(bytes) {}

  std::shared_ptr<const Pickle> next() {
    auto pickle = std::make_shared<const Pickle>(Pickle::read(path_, bytes_.subspan(at_), allowed_globals()));
    at_ += pickle->bytes();
    return pickle;
  }
  [[nodiscard]] size_t at() const { return at_; }

 private:
  const std::string& path_;
  Bytes bytes_;
  size_t at_ = 0;
};

void check_head(const std::string& path, LegacyHead& head) {
  head.next();  // the magic number
  const auto version = head.next();
  const PickleNode& protocol = version->node(version->root());
  if (protocol.kind != Kind::integer || protocol.integer != kProtocol)
    fail(path, "is of a version of torch.save that is not known; expected {}", kProtocol);
  const auto system = head.next();
  const PickleNode& facts = system->node(system->root());
  const PickleNode* const little = facts.kind == Kind::dict ? system->value(facts, "little_endian") : nullptr;
  if (little == nullptr || little->kind != Kind::boolean) fail(path, "does not say in which order its bytes are");
  if (little->integer == 0) fail(path, "holds big-endian numbers, which are not read");
}

// Every storage that the pickle names, in one size each.
std::map<std::string_view, StorageReference> references_of(const std::string& path, const Pickle& pickle) {
  std::map<std::string_view, StorageReference> references;
  for (PickleId id = 0; id < pickle.size(); ++id) {
    if (pickle.node(id).kind != Kind::persistent) continue;
    const StorageReference reference = storage_reference(path, pickle, pickle.node(id));
    if (references.size() > kMaxStorages) fail(path, "has more than {} storages", kMaxStorages);
    const auto [place, first] = references.emplace(reference.key, reference);
    if (!first &&
        (place->second.elements != reference.elements || place->second.element_bytes != reference.element_bytes))
      fail(path, "storage '{}' has two sizes: the file is damaged", shown(reference.key));
  }
  return references;
}

// Reads where the storages lie behind the pickles, at `at`.
Storages legacy_storages(const std::string& path, Bytes bytes, size_t at, const Pickle& object, const Pickle& keys,
                         const std::shared_ptr<const void>& owner) {
  const auto references = references_of(path, object);
  Storages storages;
  const PickleNode& list = keys.node(keys.root());
  if (list.kind != Kind::list) fail(path, "lacks the list of its storages: the file is damaged");
  for (const PickleId id : list.items) {
    const auto reference = references.find(keys.node(id).text);
    if (keys.node(id).kind != Kind::text || reference == references.end())
      fail(path, "lists the storage '{}', which no tensor has: the file is damaged", shown(keys.node(id).text));
    const std::string name = fmt::format("storage '{}'", shown(reference->first));
    const std::string place = fmt::format("{}: {}", path, name);
    uint64_t count = 0, size = 0;
    if (bytes.size() - at < sizeof(count)) fail(place, "is missing: the file is truncated");
    std::memcpy(&count, bytes.data() + at, sizeof(count));
    at += sizeof(count);
    if (count != reference->second.elements)
      fail(place, "has {} elements, but the pickle says {}: the file is damaged", count, reference->second.elements);
    if (__builtin_mul_overflow(count, reference->second.element_bytes, &size) || size > bytes.size() - at)
      fail(place, "of {} elements reaches beyond the end of the file: it is truncated", count);
    if (!storages.emplace(reference->first, storage_in(path, name, bytes.subspan(at, size), owner)).second)
      fail(place, "is there twice: the file is damaged");
    at += size;
  }
  if (storages.size() != references.size()) fail(path, "lacks some of its storages: the file is damaged");
  if (at != bytes.size()) fail(path, "goes on for {} bytes behind its last storage: it is damaged", bytes.size() - at);
  return storages;
}

std::shared_ptr<const StateStorage> part_of(const std::shared_ptr<const StateStorage>& whole,
                                            const StorageReference& part) {
  if (part.view_elements == part.elements) return whole;
  const uint64_t size = part.element_bytes;
  return storage_in(whole->file, "a view of " + whole->name,
                    whole->bytes.subspan(part.view_begin * size, part.view_elements * size), whole->owner);
}

}  // namespace

bool is_torch_zip(Bytes bytes) {
  if (!Zip::starts(bytes)) return false;
  try {
    const Zip zip = Zip::open("", bytes);
    return std::any_of(zip.entries().begin(), zip.entries().end(),
                       [](const ZipEntry& entry) { return entry.name.ends_with(kPickleName); });
  } catch (const Error&) {  // damaged: torch.save writes the pickle first, whose name stands in the first header
    constexpr size_t kHeader = 30, kNameBytes = 26;
    if (bytes.size() < kHeader) return false;
    uint16_t name_bytes = 0;
    std::memcpy(&name_bytes, bytes.data() + kNameBytes, sizeof(name_bytes));
    return text_of(bytes.subspan(kHeader)).substr(0, name_bytes).ends_with(kPickleName);
  }
}

PickledFile open_torch_zip(const std::string& path, Bytes bytes, std::shared_ptr<const void> owner) {
  Zip zip = Zip::open(path, bytes);
  const std::string folder(folder_of(path, zip));
  refuse_torchscript(path, zip, folder);
  constexpr uint64_t kMaxWord = 64;
  if (const ZipEntry* const order = zip.find(folder + "/byteorder")) {
    const std::vector<std::byte> word = zip.read(*order, kMaxWord);
    if (text_of(word) == "big") fail(path, "holds big-endian numbers, which are not read");
    if (text_of(word) != "little") fail(path, "holds numbers in the order '{}'; expected little", shown(text_of(word)));
  }
  const ZipEntry& entry = *zip.find(folder + std::string(kPickleName));
  const Bytes pickled = zip.stored(entry);
  if (crc32_of(pickled) != entry.crc)
    fail(path, "entry '{}' has another checksum (CRC-32) than the directory says: the file is damaged",
         shown(entry.name));
  auto pickle = std::make_shared<const Pickle>(Pickle::read(path, pickled, allowed_globals()));
  if (pickle->bytes() != pickled.size())
    fail(path, "entry '{}' goes on behind its pickle: the file is damaged", shown(entry.name));
  auto storages = std::make_shared<ZipStorages>(path, std::move(zip), folder, owner);
  return {path, bytes, std::move(owner), std::move(pickle),
          [storages](const StorageReference& reference) { return storages->find(reference); }};
}

// PROTO, a FRAME perhaps, LONG1 with the magic number, STOP.
bool is_torch_legacy(Bytes bytes) {
  constexpr size_t kFrameBytes = 9;
  std::string_view text = text_of(bytes);
  if (text.substr(0, 1) != "\x80") return false;
  text.remove_prefix(std::min<size_t>(2, text.size()));
  if (text.substr(0, 1) == "\x95") text.remove_prefix(std::min(kFrameBytes, text.size()));
  return text.substr(0, 2) == "\x8A\x0A" && text.substr(2, kMagic.size()) == kMagic;
}

PickledFile open_torch_legacy(const std::string& path, Bytes bytes, std::shared_ptr<const void> owner) {
  LegacyHead head(path, bytes);
  check_head(path, head);
  const auto pickle = head.next();
  const auto keys = head.next();
  auto storages = std::make_shared<const Storages>(legacy_storages(path, bytes, head.at(), *pickle, *keys, owner));
  return {path, bytes, std::move(owner), pickle,
          [storages](const StorageReference& reference) { return part_of(storages->at(reference.key), reference); }};
}

bool is_torch_tar(Bytes bytes) {
  constexpr size_t kMark = 257;
  return bytes.size() > kMark && text_of(bytes.subspan(kMark)).substr(0, 5) == "ustar";
}

}  // namespace phosphene
