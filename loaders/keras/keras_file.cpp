#include "loaders/keras/keras_file.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "loaders/keras/layer_weights.h"
#include "loaders/keras/model_config.h"
#include "loaders/mapped_file.h"
#include "loaders/shown.h"
#include "loaders/zip.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr size_t kMaxConfigBytes = size_t{64} << 20;
constexpr int kMaxNesting = 100;
constexpr const char* kConfigMember = "config.json";
constexpr const char* kWeightsMember = "model.weights.h5";

source::Network empty_network(const std::string& path, const std::string& container, const std::string& version) {
  source::Network network;
  network.path = path;
  network.name = std::filesystem::path(path).stem().string();
  network.format = version.empty() ? container : fmt::format("{}, Keras {}", container, shown(version));
  return network;
}

void add_model(source::Network& network, const std::string& config, keras::LayerWeights& weights) {
  if (config.size() > kMaxConfigBytes) fail(network.path, "its configuration takes {} bytes", config.size());
  keras::add_model(
      network, parse_json(config, network.path + ": the model's configuration", {.max_depth = kMaxNesting}), weights);
  check(network);
}

void refuse_theano(const std::string& path, const std::string& backend) {
  if (backend == "theano")
    fail(path,
         "was written with Theano, whose kernels are turned by 180 degrees: save it again with TensorFlow as backend");
}

source::Network read_grouped_model(const std::string& path) {
  hdf5::File file = hdf5::File::open(path);
  const auto config = file.text("", "model_config");
  if (!config) fail(path, "holds weights without a model: save the whole model, or give --architecture");
  refuse_theano(path, file.text("", "backend").value_or(""));
  const std::string version = file.text("", "keras_version").value_or("");
  if (version.starts_with("1."))
    fail(path, "was written by Keras {}: save it again with Keras 2 or later", shown(version));
  if (!file.has("model_weights")) fail(path, "holds a model without its weights");
  source::Network network = empty_network(path, "Keras HDF5", version);
  add_model(network, *config, *keras::grouped_weights(file));
  if (file.has("optimizer_weights")) network.notes.emplace_back("left out the optimizer's state");
  return network;
}

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string version_in(const Zip& zip, const std::string& path) {
  constexpr uint64_t kMost = 1 << 20;
  const ZipEntry* entry = zip.find("metadata.json");
  if (entry == nullptr) return "";
  const Json metadata =
      parse_json(text_of(zip.read(*entry, kMost)), path + ": metadata.json", {.max_depth = kMaxNesting});
  const JsonReader reader(metadata, path + ": metadata.json");
  return reader.is_object() && reader.has("keras_version") ? reader.at("keras_version").string() : "";
}

// A stored member lies in the archive as it is; a packed one is unpacked into `unpacked`.
std::span<const std::byte> weights_in(const Zip& zip, const std::string& path, size_t file_bytes,
                                      std::vector<std::byte>& unpacked) {
  const ZipEntry* entry = zip.find(kWeightsMember);
  if (entry == nullptr) fail(path, "has no member {}: it was not saved whole, or in pieces", kWeightsMember);
  if (entry->stored) {
    const std::span<const std::byte> bytes = zip.stored(*entry);
    if (crc32_of(bytes) != entry->crc) fail(path, "{} is damaged: its checksum differs", kWeightsMember);
    return bytes;
  }
  constexpr uint64_t kTimesTheFile = 16;  // trained numbers hardly shrink
  unpacked = zip.read(*entry, kTimesTheFile * file_bytes);
  return unpacked;
}

source::Network read_archived_model(const std::string& path, const MappedFile& mapped) {
  const Zip zip = Zip::open(path, mapped.bytes());
  const ZipEntry* config = zip.find(kConfigMember);
  if (config == nullptr) fail(path, "is not a Keras model: it has no {}", kConfigMember);
  source::Network network = empty_network(path, "Keras archive", version_in(zip, path));
  std::vector<std::byte> unpacked;
  hdf5::File file =
      hdf5::File::open(weights_in(zip, path, mapped.bytes().size(), unpacked), path + ": " + kWeightsMember);
  add_model(network, text_of(zip.read(*config, kMaxConfigBytes)), *keras::counted_weights(file));
  if (file.has("optimizer")) network.notes.emplace_back("left out the optimizer's state");
  return network;
}

}  // namespace

bool is_keras_model(const std::string& path) {
  const auto mapped = MappedFile::open(path);
  if (hdf5::starts(mapped->bytes())) return hdf5::File::open(path).text("", "model_config").has_value();
  if (!Zip::starts(mapped->bytes())) return false;
  const Zip zip = Zip::open(path, mapped->bytes());
  return zip.find(kConfigMember) != nullptr && zip.find("data.pkl") == nullptr;
}

source::Network read_keras_model(const std::string& path) {
  const auto mapped = MappedFile::open(path);
  return hdf5::starts(mapped->bytes()) ? read_grouped_model(path) : read_archived_model(path, *mapped);
}

}  // namespace phosphene
