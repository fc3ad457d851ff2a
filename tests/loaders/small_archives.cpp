#include "tests/loaders/small_archives.h"

#include <zlib.h>

#include <cstring>
#include <stdexcept>

namespace phosphene::testing {
namespace {

std::string deflate_raw(const std::string& data) {
  z_stream stream{};
  constexpr int kMemory = 8;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  std::string packed(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string n2(size_t value) { return bytes_of_number(static_cast<uint16_t>(value)); }
std::string n4(size_t value) { return bytes_of_number(static_cast<uint32_t>(value)); }
std::string n8(size_t value) { return bytes_of_number(static_cast<uint64_t>(value)); }

constexpr size_t kWide = 0xFFFFFFFF;

}  // namespace

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string zip_of(const std::vector<ZipItem>& items, bool wide) {
  std::string archive, directory;
  for (const ZipItem& item : items) {
    const std::string packed = item.deflated ? deflate_raw(item.data) : item.data;
    const size_t begin = archive.size();
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(item.data.data()), item.data.size());
    const std::string what = n2(0) + n2(item.deflated ? 8 : 0) + n4(0x210000) + n4(crc);
    const std::string sizes = wide ? n4(kWide) + n4(kWide) : n4(packed.size()) + n4(item.data.size());
    const std::string local = wide ? n2(1) + n2(16) + n8(item.data.size()) + n8(packed.size()) : "";
    const std::string central = wide ? n2(1) + n2(24) + n8(item.data.size()) + n8(packed.size()) + n8(begin) : "";
    archive += "PK\3\4" + n2(45) + what + sizes + n2(item.name.size()) + n2(local.size()) + item.name + local + packed;
    directory += "PK\1\2" + n2(45) + n2(45) + what + sizes + n2(item.name.size()) + n2(central.size()) + n2(0) + n2(0) +
                 n2(0) + n4(0) + n4(wide ? kWide : begin) + item.name + central;
  }
  const size_t begin = archive.size();
  archive += directory;
  if (wide) {
    const size_t end = archive.size();
    archive += "PK\6\6" + n8(44) + n2(45) + n2(45) + n4(0) + n4(0) + n8(items.size()) + n8(items.size()) +
               n8(directory.size()) + n8(begin);
    archive += "PK\6\7" + n4(0) + n8(end) + n4(1);
  }
  return archive + "PK\5\6" + n2(0) + n2(0) + n2(items.size()) + n2(items.size()) +
         n4(wide ? kWide : directory.size()) + n4(wide ? kWide : begin) + n2(0);
}

std::string pickled_text(const std::string& text) { return "X" + n4(text.size()) + text; }

std::string pickled_integer(int64_t value) { return "\x8A\x08" + bytes_of_number(value); }

std::string pickled_tuple(const std::vector<std::string>& items) {
  std::string tuple = "(";
  for (const std::string& item : items) tuple += item;
  return tuple + "t";
}

std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string dict = "}(";
  for (const auto& [key, value] : items) dict += pickled_text(key) + value;
  return dict + "u";
}

std::string pickled_call(const std::string& module, const std::string& name,
                         const std::vector<std::string>& arguments) {
  return "c" + module + "\n" + name + "\n" + pickled_tuple(arguments) + "R";
}

std::string pickled_array(const std::vector<int64_t>& shape, const std::vector<float>& numbers) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(pickled_integer(size));
  const std::string data = bytes_of_floats(numbers);
  const std::string dtype = pickled_call("numpy", "dtype", {pickled_text("f4"), "\x89", "\x88"});
  const std::string empty = pickled_call("numpy.core.multiarray", "_reconstruct",
                                         {"cnumpy\nndarray\n", pickled_tuple({pickled_integer(0)}), "C\1b"});
  return empty +
         pickled_tuple({pickled_integer(1), pickled_tuple(sizes), dtype, "\x89", "B" + n4(data.size()) + data}) + "b";
}

std::string pickle_of(const std::string& value) { return "\x80\x03" + value + "."; }

std::string pickled_tensor(const PickledTensor& tensor) {
  std::vector<std::string> dims, strides;
  for (const int64_t size : tensor.dims) dims.push_back(pickled_integer(size));
  for (const int64_t stride : tensor.strides) strides.push_back(pickled_integer(stride));
  std::vector<std::string> storage = {pickled_text("storage"), "ctorch\n" + tensor.type + "Storage\n",
                                      pickled_text(tensor.key), pickled_text("cpu"), pickled_integer(tensor.count)};
  if (!tensor.view.empty()) storage.push_back(tensor.view);
  return pickled_call("torch._utils", "_rebuild_tensor_v2",
                      {pickled_tuple(storage) + "Q", pickled_integer(tensor.offset), pickled_tuple(dims),
                       pickled_tuple(strides), "\x89", pickled_call("collections", "OrderedDict", {})});
}

std::string torch_zip(const std::string& value, const std::vector<std::pair<std::string, std::string>>& storages,
                      const std::string& order) {
  std::vector<ZipItem> items = {{"small/data.pkl", pickle_of(value)}, {"small/byteorder", order}};
  for (const auto& [key, data] : storages) items.push_back({"small/data/" + key, data});
  items.push_back({"small/version", "3\n"});
  return zip_of(items);
}

std::string torch_legacy(const std::string& value, const std::vector<LegacyStorage>& storages, bool little) {
  std::string keys = "](", data;
  for (const LegacyStorage& storage : storages) {
    keys += pickled_text(storage.key);
    data += bytes_of_number(storage.count) + storage.data;
  }
  return pickle_of("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19") + pickle_of(pickled_integer(1001)) +
         pickle_of(pickled_dict({{"little_endian", little ? "\x88" : "\x89"}})) + pickle_of(value) +
         pickle_of(keys + "e") + data;
}

std::string bytes_of_floats(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)};
}

}  // namespace phosphene::testing
