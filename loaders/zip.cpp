#include "loaders/zip.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "loaders/shown.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in memory");

constexpr uint32_t kLocalHeader = 0x04034B50, kDirectoryHeader = 0x02014B50, kEnd = 0x06054B50, kEnd64 = 0x06064B50,
                   kLocator64 = 0x07064B50;
constexpr uint64_t kLocalBytes = 30, kDirectoryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr uint64_t kMaxComment = 0xFFFF;
constexpr uint32_t kSee64 = 0xFFFFFFFF;  // the number stands in the zip64 field
constexpr uint16_t kField64 = 1;
constexpr uint16_t kEncrypted = 1U << 0, kSizesFollow = 1U << 3, kPatch = 1U << 5, kStrong = 1U << 6,
                   kMasked = 1U << 13;
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint64_t kMaxEntries = 200000;  // an entry takes 60 bytes here; networks have one for each tensor
constexpr uint64_t kMostPacked = 1032;    // deflate makes nothing smaller by more: 258 bytes from two bits

template <class Number>
Number number_at(std::span<const std::byte> bytes, uint64_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof(number));
  return number;
}

bool holds(std::span<const std::byte> bytes, uint64_t at, uint64_t count) {
  return at <= bytes.size() && count <= bytes.size() - at;
}

struct Directory {
  uint64_t entries = 0, bytes = 0, begin = 0;
  uint64_t end = 0;  // where the record stands that must follow it
};

// The last record that ends, with its comment, at the end of the file.
uint64_t find_end(const std::string& place, std::span<const std::byte> bytes) {
  if (bytes.size() >= kEndBytes) {
    const uint64_t last = bytes.size() - kEndBytes, first = last > kMaxComment ? last - kMaxComment : 0;
    for (uint64_t at = last + 1; at-- > first;) {
      if (number_at<uint32_t>(bytes, at) == kEnd && number_at<uint16_t>(bytes, at + 20) == last - at) return at;
    }
  }
  fail(place, "is a zip archive without the directory that stands at its end: it is truncated");
}

Directory find_directory(const std::string& place, std::span<const std::byte> bytes) {
  const uint64_t end = find_end(place, bytes);
  const auto short_number = [&](uint64_t at) { return number_at<uint16_t>(bytes, end + at); };
  Directory directory{short_number(10), number_at<uint32_t>(bytes, end + 12), number_at<uint32_t>(bytes, end + 16),
                      end};
  uint32_t disks = short_number(4) | short_number(6);
  uint64_t here = short_number(8);
  if (end >= kLocatorBytes && number_at<uint32_t>(bytes, end - kLocatorBytes) == kLocator64) {
    const uint64_t at = number_at<uint64_t>(bytes, end - kLocatorBytes + 8);
    if (!holds(bytes.first(end - kLocatorBytes), at, kEnd64Bytes) || number_at<uint32_t>(bytes, at) != kEnd64)
      fail(place, "the zip64 record is not where the end of the archive says: it is damaged");
    disks = number_at<uint32_t>(bytes, at + 16) | number_at<uint32_t>(bytes, at + 20);
    here = number_at<uint64_t>(bytes, at + 24);
    directory = {number_at<uint64_t>(bytes, at + 32), number_at<uint64_t>(bytes, at + 40),
                 number_at<uint64_t>(bytes, at + 48), at};
  }
  constexpr uint32_t kNoDisk = 0xFFFF;  // some writers of zip64 leave the old field so
  if ((disks != 0 && disks != kNoDisk) || here != directory.entries)
    fail(place, "is one part of a zip archive of several; join them first");
  if (!holds(bytes, directory.begin, directory.bytes) || directory.begin + directory.bytes != directory.end) {
    fail(place, "the zip directory of {} bytes at {} does not end where its end record stands, at {}: it is damaged",
         directory.bytes, directory.begin, directory.end);
  }
  if (directory.entries > kMaxEntries || directory.entries > directory.bytes / kDirectoryBytes)
    fail(place, "the zip directory of {} bytes claims {} entries", directory.bytes, directory.entries);
  return directory;
}

// Numbers of 64 bits, from the field of an entry's header that replaces those that are kSee64, in this order.
class Field64 {
 public:
  Field64(std::string place, std::span<const std::byte> extra) : place_(std::move(place)) {
    constexpr uint64_t kHead = 4;
    for (uint64_t at = 0; holds(extra, at, kHead);) {
      const uint64_t size = number_at<uint16_t>(extra, at + 2);
      if (!holds(extra, at + kHead, size)) return;
      if (number_at<uint16_t>(extra, at) == kField64) {
        rest_ = extra.subspan(at + kHead, size);
        return;
      }
      at += kHead + size;
    }
  }

  uint64_t replace(uint32_t number) {
    if (number != kSee64) return number;
    if (rest_.size() < sizeof(uint64_t)) fail(place_, "lacks a size of 64 bits: the archive is damaged");
    const auto replaced = number_at<uint64_t>(rest_, 0);
    rest_ = rest_.subspan(sizeof(uint64_t));
    return replaced;
  }

 private:
  std::string place_;
  std::span<const std::byte> rest_;
};

struct Located {
  ZipEntry entry;
  uint64_t begin = 0, end = 0;  // of its local header and data
};

// The data of an entry whose local header stands at `begin`, which must say the same as `header`, its part of the directory.
void locate(const std::string& place, std::span<const std::byte> before, std::span<const std::byte> header,
            uint64_t packed, Located& located) {
  if (!holds(before, located.begin, kLocalBytes) || number_at<uint32_t>(before, located.begin) != kLocalHeader)
    fail(place, "has no header at {}, where the directory says: the archive is damaged", located.begin);
  const std::span<const std::byte> local = before.subspan(located.begin);
  const uint64_t name_bytes = number_at<uint16_t>(local, 26), extra_bytes = number_at<uint16_t>(local, 28);
  const uint64_t data = kLocalBytes + name_bytes + extra_bytes;
  if (!holds(local, data, packed))
    fail(place, "of {} bytes reaches beyond what precedes the directory: the archive is truncated or damaged", packed);
  const std::string_view name{reinterpret_cast<const char*>(local.data()) + kLocalBytes, name_bytes};
  const auto flags = number_at<uint16_t>(local, 6);
  bool same = name == located.entry.name && number_at<uint16_t>(local, 8) == number_at<uint16_t>(header, 10) &&
              ((flags ^ number_at<uint16_t>(header, 8)) & kEncrypted) == 0;
  if ((flags & kSizesFollow) == 0) {
    Field64 wide(place, local.subspan(kLocalBytes + name_bytes, extra_bytes));
    same = same && number_at<uint32_t>(local, 14) == located.entry.crc &&
           wide.replace(number_at<uint32_t>(local, 22)) == located.entry.size &&
           wide.replace(number_at<uint32_t>(local, 18)) == packed;
  }
  if (!same) fail(place, "has a header that differs from the directory: the archive is damaged");
  located.entry.packed = local.subspan(data, packed);
  located.end = located.begin + data + packed;
}

// The entry at `at` of the directory; moves `at` behind it.
Located read_zip_entry(const std::string& archive, std::span<const std::byte> bytes, const Directory& directory,
                       uint64_t& at) {
  const std::span<const std::byte> rest = bytes.subspan(at, directory.end - at);
  if (!holds(rest, 0, kDirectoryBytes) || number_at<uint32_t>(rest, 0) != kDirectoryHeader)
    fail(archive, "the zip directory is damaged at {}", at);
  const uint64_t name_bytes = number_at<uint16_t>(rest, 28), extra_bytes = number_at<uint16_t>(rest, 30),
                 comment_bytes = number_at<uint16_t>(rest, 32);
  const uint64_t header_bytes = kDirectoryBytes + name_bytes + extra_bytes + comment_bytes;
  if (!holds(rest, 0, header_bytes)) fail(archive, "the zip directory is damaged at {}", at);
  at += header_bytes;

  Located located;
  located.entry.name = {reinterpret_cast<const char*>(rest.data()) + kDirectoryBytes, name_bytes};
  const std::string place = fmt::format("{}: entry '{}'", archive, shown(located.entry.name));
  const auto flags = number_at<uint16_t>(rest, 8), method = number_at<uint16_t>(rest, 10);
  if ((flags & (kEncrypted | kStrong | kMasked)) != 0) fail(place, "is encrypted");
  if ((flags & kPatch) != 0) fail(place, "is a patch of another file");
  if (method != kStored && method != kDeflated)
    fail(place, "is packed by method {}; expected stored (0) or deflated (8)", method);
  Field64 wide(place, rest.subspan(kDirectoryBytes + name_bytes, extra_bytes));
  located.entry.crc = number_at<uint32_t>(rest, 16);
  located.entry.stored = method == kStored;
  located.entry.size = wide.replace(number_at<uint32_t>(rest, 24));
  const uint64_t packed = wide.replace(number_at<uint32_t>(rest, 20));
  located.begin = wide.replace(number_at<uint32_t>(rest, 42));
  if (located.entry.stored && packed != located.entry.size)
    fail(place, "is stored as it is, but takes {} bytes for {}: the archive is damaged", packed, located.entry.size);
  locate(place, bytes.first(directory.begin), rest, packed, located);
  return located;
}

void refuse_overlapping_entries(const std::string& place, const std::vector<Located>& all) {
  std::vector<const Located*> order;
  for (const Located& located : all) order.push_back(&located);
  std::sort(order.begin(), order.end(), [](const Located* a, const Located* b) { return a->begin < b->begin; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->begin < order[i - 1]->end) {
      fail(place, "entries '{}' and '{}' overlap: the archive is damaged", shown(order[i - 1]->entry.name),
           shown(order[i]->entry.name));
    }
  }
}

// Fills `unpacked`, which must be just as long as what `packed` holds.
bool inflate_into(std::span<const std::byte> packed, std::span<std::byte> unpacked) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;  // without zlib's own header
  std::byte none{};                                             // zlib wants a place even for no bytes
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.empty() ? &none : unpacked.data());
  size_t in = packed.size(), out = unpacked.size();
  int state = Z_OK;
  while (state == Z_OK) {
    constexpr size_t kPart = size_t{1} << 30;  // zlib counts in 32 bits
    stream.avail_in = static_cast<uInt>(std::min(in, kPart));
    stream.avail_out = static_cast<uInt>(std::min(out, kPart));
    const uInt in_before = stream.avail_in, out_before = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    in -= in_before - stream.avail_in;
    out -= out_before - stream.avail_out;
  }
  inflateEnd(&stream);
  return state == Z_STREAM_END && in == 0 && out == 0;
}

}  // namespace

uint32_t crc32_of(std::span<const std::byte> bytes) {
  constexpr size_t kPiece = size_t{16} << 20;
  uLong crc = 0;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(kPiece, bytes.size()))) {
    stop_if_requested();
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), std::min(kPiece, bytes.size()));
  }
  return static_cast<uint32_t>(crc);
}

bool Zip::starts(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof(kLocalHeader) && number_at<uint32_t>(bytes, 0) == kLocalHeader;
}

Zip Zip::open(std::string place, std::span<const std::byte> bytes) {
  const Directory directory = find_directory(place, bytes);
  std::vector<Located> all;
  uint64_t at = directory.begin;
  while (all.size() < directory.entries) all.push_back(read_zip_entry(place, bytes, directory, at));
  if (at != directory.end)
    fail(place, "the zip directory holds more than its {} entries: it is damaged", directory.entries);
  refuse_overlapping_entries(place, all);

  Zip zip;
  zip.place_ = std::move(place);
  for (const Located& located : all) zip.entries_.push_back(located.entry);
  zip.by_name_.resize(all.size());
  std::iota(zip.by_name_.begin(), zip.by_name_.end(), 0U);
  const auto name = [&](uint32_t index) { return zip.entries_[index].name; };
  std::sort(zip.by_name_.begin(), zip.by_name_.end(), [&](uint32_t a, uint32_t b) { return name(a) < name(b); });
  for (size_t i = 1; i < all.size(); ++i) {
    if (name(zip.by_name_[i - 1]) == name(zip.by_name_[i]))
      fail(zip.place_, "holds two entries called '{}'", shown(name(zip.by_name_[i])));
  }
  return zip;
}

const ZipEntry* Zip::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](uint32_t index, std::string_view wanted) { return entries_[index].name < wanted; });
  return found == by_name_.end() || entries_[*found].name != name ? nullptr : &entries_[*found];
}

std::span<const std::byte> Zip::stored(const ZipEntry& entry) const {
  if (!entry.stored) fail(place_, "entry '{}' is deflated; expected one that is stored as it is", shown(entry.name));
  return entry.packed;
}

std::vector<std::byte> Zip::read(const ZipEntry& entry, uint64_t most) const {
  const std::string where = fmt::format("{}: entry '{}'", place_, shown(entry.name));
  if (entry.size > most) fail(where, "takes {} bytes; at most {} are read", entry.size, most);
  if (!entry.stored && entry.size / kMostPacked > entry.packed.size())
    fail(where, "claims to hold {} bytes in {}: the archive is damaged", entry.size, entry.packed.size());
  std::vector<std::byte> bytes;
  if (entry.stored) {
    bytes.assign(entry.packed.begin(), entry.packed.end());
  } else {
    bytes.resize(entry.size);
    if (!inflate_into(entry.packed, bytes)) fail(where, "cannot be inflated to {} bytes: it is damaged", entry.size);
  }
  if (crc32_of(bytes) != entry.crc) fail(where, "has another checksum (CRC-32) than the directory says: it is damaged");
  return bytes;
}

}  // namespace phosphene
