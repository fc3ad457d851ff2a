#include "loaders/keras/hdf5_library.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <tuple>

#include "loaders/keras/hdf5.h"
#include "loaders/keras/hdf5_texts.h"
#include "loaders/shown.h"
#include "runtime/error.h"

namespace phosphene::hdf5 {
namespace {

constexpr size_t kAllowance = size_t{64} << 20;
constexpr size_t kTimesTheFile = 16;
constexpr hsize_t kMaxAttributeBytes = hsize_t{64} << 20;
constexpr hsize_t kMaxChildren = 100000;
constexpr int kMaxRank = 8;

// Nothing of the library may speak, or load code.
void quieten() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
}

// "a/b/c": "a", "a/b", "a/b/c".
std::vector<std::string> prefixes_of(const std::string& path) {
  std::vector<std::string> prefixes;
  for (size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    if (end > 0 && path[end - 1] != '/') prefixes.push_back(path.substr(0, end));
  }
  if (!path.empty() && path.back() != '/') prefixes.push_back(path);
  return prefixes;
}

std::string object_path(const std::string& object) { return object.empty() ? "/" : object; }

// Digits compare as one number; "conv2d" stands before "conv2d_1".
bool natural_less(const std::string& a, const std::string& b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto stem_and_number = [&](const std::string& name) {
    size_t digits = name.size();
    while (digits > 0 && is_digit(name[digits - 1])) --digits;
    std::string number = name.substr(digits);
    number.erase(0, std::min(number.find_first_not_of('0'), number.size()));
    return std::tuple(name.substr(0, digits), number.size(), number);
  };
  const auto key_a = stem_and_number(a), key_b = stem_and_number(b);
  return key_a != key_b ? key_a < key_b : a < b;
}

void check_filters(const Handle& creation, const std::string& place) {
  const int filters = H5Pget_nfilters(creation.get());
  for (int i = 0; i < filters; ++i) {
    unsigned flags = 0;
    size_t parameters = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &parameters, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      fail(place, "is packed with the filter {}; only deflate, shuffle and fletcher32 are read",
           static_cast<int>(filter));
  }
}

// The bytes of one chunk, which the library unpacks as a whole; 0 where there are none.
size_t chunk_bytes(const Handle& creation, size_t element_bytes, const std::string& place) {
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return 0;
  std::array<hsize_t, H5S_MAX_RANK> chunk{};
  const int rank = H5Pget_chunk(creation.get(), H5S_MAX_RANK, chunk.data());
  size_t bytes = element_bytes;
  for (int i = 0; i < rank; ++i) {
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(chunk[static_cast<size_t>(i)]), &bytes))
      fail(place, "has chunks larger than memory can hold");
  }
  return bytes;
}

size_t count_of(const std::vector<int64_t>& dims, const std::string& place) {
  size_t count = 1;
  for (const int64_t dim : dims) {
    if (__builtin_mul_overflow(count, static_cast<size_t>(dim), &count) || count > SIZE_MAX / sizeof(double))
      fail(place, "has the shape [{}]: more than memory can hold", fmt::join(dims, ", "));
  }
  return count;
}

uint64_t little_endian(std::span<const std::byte> bytes, size_t at, size_t count) {
  constexpr unsigned kByte = 8;
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << kByte | std::to_integer<uint64_t>(bytes[at + i]);
  return value;
}

// Addresses of eight bytes that begin at 0, as all known writers have them.
void check_superblock(std::span<const std::byte> bytes, const std::string& place) {
  constexpr size_t kVersionAt = 8, kOldAt = 13, kNewAt = 9, kOldBase = 24, kNewBase = 12, kWidest = 32;
  if (!starts(bytes) || bytes.size() < kWidest) fail(place, "is no HDF5 file, or truncated");
  const bool old = little_endian(bytes, kVersionAt, 1) < 2;
  const size_t at = old ? kOldAt : kNewAt;
  if (little_endian(bytes, old ? kOldBase : kNewBase, sizeof(uint64_t)) != 0 ||
      little_endian(bytes, at, 1) != sizeof(uint64_t) || little_endian(bytes, at + 1, 1) != sizeof(uint64_t))
    fail(place, "is an HDF5 file with addresses other than of 64 bits from 0 on, or damaged");
}

}  // namespace

LibraryFile::LibraryFile(Handle file, std::string place, std::span<const std::byte> bytes)
    : file_(std::move(file)),
      place_(std::move(place)),
      bytes_(bytes),
      allowance_(kAllowance + kTimesTheFile * bytes.size()) {
  if (!file_.valid()) fail(place_, "cannot be opened as HDF5: damaged, truncated or another format");
}

LibraryFile LibraryFile::open(const std::string& path, std::span<const std::byte> bytes) {
  quieten();
  check_superblock(bytes, path);
  return {Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose), path, bytes};
}

LibraryFile LibraryFile::in_memory(std::span<const std::byte> bytes, const std::string& place) {
  quieten();
  check_superblock(bytes, place);
  constexpr size_t kIncrement = size_t{1} << 16;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access.get(), kIncrement, hbool_t{false});
  if (bytes.empty() || H5Pset_file_image(access.get(), const_cast<std::byte*>(bytes.data()), bytes.size()) < 0)
    fail(place, "cannot be opened as HDF5: it is empty, or larger than memory");
  return {Handle(H5Fopen(place.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose), place, bytes};
}

bool LibraryFile::has(const std::string& object) const {
  for (const std::string& prefix : prefixes_of(object)) {
    if (H5Lexists(file_.get(), prefix.c_str(), H5P_DEFAULT) <= 0) return false;
    H5L_info_t link{};
    if (H5Lget_info(file_.get(), prefix.c_str(), &link, H5P_DEFAULT) < 0) return false;
    if (link.type != H5L_TYPE_HARD) fail(place_, "'{}' is a link, which is not followed", shown(prefix));
  }
  return true;
}

std::vector<std::string> LibraryFile::children(const std::string& group) const {
  std::vector<std::string> names;
  if (!has(group)) return names;
  const Handle opened(H5Gopen2(file_.get(), object_path(group).c_str(), H5P_DEFAULT), H5Gclose);
  H5G_info_t info{};
  if (!opened.valid() || H5Gget_info(opened.get(), &info) < 0)
    fail(place_, "expected '{}' to be a group", shown(group));
  if (info.nlinks > kMaxChildren) fail(place_, "the group '{}' holds {} objects", shown(group), info.nlinks);
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    constexpr ssize_t kMaxName = 1 << 16;
    const ssize_t length =
        H5Lget_name_by_idx(opened.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, nullptr, 0, H5P_DEFAULT);
    if (length < 0 || length > kMaxName) fail(place_, "the group '{}' is damaged", shown(group));
    std::string name(static_cast<size_t>(length), '\0');
    H5Lget_name_by_idx(opened.get(), ".", H5_INDEX_NAME, H5_ITER_INC, i, name.data(), name.size() + 1, H5P_DEFAULT);
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

bool LibraryFile::attribute_exists(const std::string& object, const std::string& attribute) const {
  return has(object) && H5Aexists_by_name(file_.get(), object_path(object).c_str(), attribute.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> LibraryFile::read_texts(const std::string& object, const std::string& attribute) const {
  const std::string place = fmt::format("{}: attribute '{}' of '{}'", place_, attribute, shown(object_path(object)));
  const Handle opened(
      H5Aopen_by_name(file_.get(), object_path(object).c_str(), attribute.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Handle space(opened.valid() ? H5Aget_space(opened.get()) : -1, H5Sclose);
  const Handle type(opened.valid() ? H5Aget_type(opened.get()) : -1, H5Tclose);
  const hssize_t count = space.valid() ? H5Sget_simple_extent_npoints(space.get()) : -1;
  if (count < 0 || !type.valid()) fail(place, "cannot be read: the file is damaged");
  if (count == 0) return {};
  const auto texts = static_cast<size_t>(count);
  const size_t size = H5Tget_size(type.get());
  if (H5Tget_class(type.get()) != H5T_STRING || size == 0) fail(place, "expected a text");
  if (texts > kMaxAttributeBytes / size) fail(place, "takes more than {} bytes", kMaxAttributeBytes);
  if (H5Tis_variable_str(type.get()) > 0) {
    H5O_info_t info{};
    if (H5Oget_info_by_name(file_.get(), object_path(object).c_str(), &info, H5P_DEFAULT) < 0)
      fail(place, "cannot be read: the file is damaged");
    return variable_texts(bytes_, info.addr, attribute, texts, place);
  }
  std::vector<char> characters(texts * size);
  if (H5Aread(opened.get(), type.get(), characters.data()) < 0) fail(place, "cannot be read: the file is damaged");
  std::vector<std::string> values;
  for (size_t i = 0; i < texts; ++i) {
    const char* begin = characters.data() + i * size;
    values.emplace_back(begin, strnlen(begin, size));
  }
  return values;
}

std::optional<std::string> LibraryFile::text(const std::string& object, const std::string& attribute) const {
  if (!attribute_exists(object, attribute)) return std::nullopt;
  std::vector<std::string> values = read_texts(object, attribute);
  if (values.size() != 1) fail(place_, "the attribute '{}' holds {} texts; expected one", attribute, values.size());
  return std::move(values.front());
}

std::optional<std::vector<std::string>> LibraryFile::texts(const std::string& object,
                                                           const std::string& attribute) const {
  if (attribute_exists(object, attribute)) return read_texts(object, attribute);
  std::optional<std::vector<std::string>> all;
  for (size_t piece = 0; attribute_exists(object, fmt::format("{}{}", attribute, piece)); ++piece) {
    if (!all) all.emplace();
    for (std::string& value : read_texts(object, fmt::format("{}{}", attribute, piece)))
      all->push_back(std::move(value));
  }
  return all;
}

Handle LibraryFile::open_dataset(const std::string& dataset) const {
  const std::string place = fmt::format("{}: dataset '{}'", place_, shown(dataset));
  if (!has(dataset)) fail(place_, "holds no dataset '{}'", shown(dataset));
  Handle opened(H5Dopen2(file_.get(), dataset.c_str(), H5P_DEFAULT), H5Dclose);
  if (!opened.valid()) fail(place, "cannot be opened: it is not a dataset, or the file is damaged");
  const Handle type(H5Dget_type(opened.get()), H5Tclose), creation(H5Dget_create_plist(opened.get()), H5Pclose);
  if (!type.valid() || !creation.valid() || H5Tget_class(type.get()) != H5T_FLOAT ||
      H5Tget_size(type.get()) > sizeof(double))
    fail(place, "is not an array of floating-point numbers");
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if ((layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) ||
      H5Pget_external_count(creation.get()) != 0)
    fail(place, "lies in another file, which is not followed");
  check_filters(creation, place);
  return opened;
}

std::vector<int64_t> LibraryFile::dims_of(const Handle& dataset, const std::string& name) const {
  const std::string place = fmt::format("{}: dataset '{}'", place_, shown(name));
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const int rank = space.valid() ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank < 0 || rank > kMaxRank || H5Sget_simple_extent_type(space.get()) == H5S_NULL)
    fail(place, "is not an array of up to {} dimensions", kMaxRank);
  std::vector<hsize_t> sizes(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), sizes.data(), nullptr);
  std::vector<int64_t> dims;
  for (const hsize_t size : sizes) {
    if (size > static_cast<hsize_t>(INT64_MAX)) fail(place, "has a dimension of {}", size);
    dims.push_back(static_cast<int64_t>(size));
  }
  return dims;
}

std::vector<int64_t> LibraryFile::dims(const std::string& dataset) const {
  return dims_of(open_dataset(dataset), dataset);
}

std::vector<float> LibraryFile::read(const Handle& dataset, const std::string& name, size_t count) const {
  std::vector<float> values(count);
  if (count > 0 && H5Dread(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    fail(place_, "dataset '{}' cannot be read: the file is damaged or truncated", shown(name));
  return values;
}

std::vector<float> LibraryFile::numbers(const std::string& dataset) {
  const std::string place = fmt::format("{}: dataset '{}'", place_, shown(dataset));
  const Handle opened = open_dataset(dataset);
  const size_t count = count_of(dims_of(opened, dataset), place);
  const Handle creation(H5Dget_create_plist(opened.get()), H5Pclose);
  if (count > 0 && H5Dget_storage_size(opened.get()) == 0)
    fail(place, "has a shape, but its numbers were never written");
  const size_t bytes = std::max(count * sizeof(float), chunk_bytes(creation, sizeof(double), place));
  if (bytes > allowance_) fail(place, "takes {} bytes unpacked: more than a file of this size may", bytes);
  allowance_ -= bytes;
  return read(opened, dataset, count);
}

std::vector<float> LibraryFile::numbers(const std::string& dataset, const std::vector<int64_t>& dims) const {
  const std::string place = fmt::format("{}: dataset '{}'", place_, shown(dataset));
  const Handle opened = open_dataset(dataset);
  const std::vector<int64_t> found = dims_of(opened, dataset);
  if (found != dims) fail(place, "has shape [{}], not [{}]", fmt::join(found, ", "), fmt::join(dims, ", "));
  const size_t count = count_of(dims, place);
  const Handle creation(H5Dget_create_plist(opened.get()), H5Pclose);
  if (const size_t chunk = chunk_bytes(creation, sizeof(double), place); chunk / sizeof(double) > count + kAllowance)
    fail(place, "has chunks of {} bytes: more than it holds", chunk);
  return read(opened, dataset, count);
}

}  // namespace phosphene::hdf5
