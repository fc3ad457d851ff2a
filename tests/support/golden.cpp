#include "tests/support/golden.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace phosphene::testing {
namespace {

int64_t product(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

std::ifstream open(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  return file;
}

template <class T>
bool read_numbers(std::ifstream& file, std::vector<double>& numbers) {
  std::vector<T> read(numbers.size());
  file.read(reinterpret_cast<char*>(read.data()), static_cast<std::streamsize>(read.size() * sizeof(T)));
  numbers.assign(read.begin(), read.end());
  return true;
}

}  // namespace

Shape Array::shape() const {
  if (dims.size() > 4) throw std::runtime_error("an array of more than four dimensions has no shape");
  std::vector<int64_t> four = dims;
  four.resize(4, 1);
  return {four[0], four[1], four[2], four[3]};
}

std::vector<float> Array::floats() const { return {data.begin(), data.end()}; }

Weights Array::weights() const { return Weights::from(floats(), dims); }

nlohmann::json golden_table(const std::string& name) {
  std::ifstream file = open(std::filesystem::path(PHOSPHENE_GOLDEN) / (name + ".json"));
  return nlohmann::json::parse(file);
}

Array to_array(const nlohmann::json& json) {
  Array array{json.at("shape").get<std::vector<int64_t>>(), json.at("data").get<std::vector<double>>()};
  if (product(array.dims) != static_cast<int64_t>(array.data.size()))
    throw std::runtime_error("an array's shape and data differ");
  return array;
}

const nlohmann::json& golden_case(const nlohmann::json& table, const std::string& name) {
  for (const nlohmann::json& one : table.at("cases")) {
    if (one.at("name") == name) return one;
  }
  throw std::runtime_error("no golden case '" + name + "'");
}

std::optional<std::filesystem::path> find_asset(const std::string& path) {
  const char* folder = std::getenv("PHOSPHENE_ASSETS");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  std::filesystem::path found = std::filesystem::path(folder) / path;
  if (!std::filesystem::exists(found)) throw std::runtime_error("no asset " + found.string());
  return found;
}

std::map<std::string, Array> read_golden_tensors(const std::filesystem::path& path) {
  std::ifstream file = open(path);
  uint64_t header_bytes = 0;
  file.read(reinterpret_cast<char*>(&header_bytes), sizeof(header_bytes));
  std::string header(header_bytes, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header_bytes));
  const nlohmann::json entries = nlohmann::json::parse(header);
  std::map<std::string, Array> tensors;
  for (const auto& [name, entry] : entries.items()) {
    if (name == "__metadata__") continue;
    Array array{entry.at("shape").get<std::vector<int64_t>>(), {}};
    array.data.resize(static_cast<size_t>(product(array.dims)));
    file.seekg(static_cast<std::streamoff>(sizeof(header_bytes) + header_bytes +
                                           entry.at("data_offsets").at(0).get<uint64_t>()));
    const std::string type = entry.at("dtype");
    const bool known = type == "F32"   ? read_numbers<float>(file, array.data)
                       : type == "F64" ? read_numbers<double>(file, array.data)
                       : type == "U8"  ? read_numbers<uint8_t>(file, array.data)
                                       : false;
    if (!known) continue;
    if (!file) throw std::runtime_error(path.string() + ": '" + name + "' is cut off");
    tensors.emplace(name, std::move(array));
  }
  return tensors;
}

}  // namespace phosphene::testing
