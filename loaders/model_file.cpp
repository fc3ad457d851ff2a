#include "loaders/model_file.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "loaders/op_formats/op_format.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

constexpr const char* kKey = "phosphene";
constexpr int kVersion = 1;
constexpr int64_t kMaxSide = 1 << 16;  // of an image, a window, a stride
constexpr size_t kMaxLayers = 10000;

// The layer's description; its tensors are added to `tensors`.
Json describe(const Layer& layer, std::vector<NamedTensor>& tensors) {
  for (const OpFormat& format : op_formats()) {
    if (!format.is(*layer.op)) continue;
    Json json = {{"name", layer.name}, {"op", format.name}, {"inputs", layer.inputs}};
    LayerWriter writer{layer.name, json, tensors};
    format.write(writer, *layer.op);
    return json;
  }
  fail_internal(layer.name, "a layer of kind {} cannot be written to a model file", layer.op->kind());
}

const OpFormat& format_of(const JsonReader& layer) {
  std::vector<std::string> names;
  for (const OpFormat& format : op_formats()) names.push_back(format.name);
  const std::string name = layer.at("op").word(names);
  return *std::find_if(op_formats().begin(), op_formats().end(),
                       [&](const OpFormat& format) { return format.name == name; });
}

Layer read_layer(const std::string& name, const JsonReader& json, const Safetensors& file) {
  const OpFormat& format = format_of(json);
  std::vector<std::string> keys = {"name", "op", "inputs"};
  keys.insert(keys.end(), format.keys.begin(), format.keys.end());
  json.only(keys);
  Layer layer{name, format.read({json, file}), json.at("inputs").strings()};
  const size_t inputs = layer.inputs.size();
  if (inputs < format.least_inputs || inputs > format.most_inputs) json.refuse("has {} inputs", inputs);
  return layer;
}

void check_inputs(const std::string& place, const Layer& layer, const std::set<std::string>& known) {
  for (const std::string& input : layer.inputs) {
    if (!known.contains(input)) fail(place, "reads '{}', which no layer before it writes", input);
  }
}

std::vector<Layer> read_layers(const JsonReader& list, const Safetensors& file) {
  if (!list.is_array() || list.size() == 0 || list.size() > kMaxLayers)
    fail(file.path(), "holds no list of 1 to {} layers", kMaxLayers);
  std::vector<Layer> layers;
  std::set<std::string> known{Model::kInput};
  for (size_t i = 0; i < list.size(); ++i) {
    stop_if_requested();
    const JsonReader described = list.at(i);
    described.must_be_object();
    const std::string name = described.at("name").text(), place = fmt::format("{}: layer '{}'", file.path(), name);
    const JsonReader json = JsonReader::within(described.json(), file.path(), fmt::format("layer '{}'", name));
    at_place_if_none(place, [&] {  // an op's constructor does not know its layer
      layers.push_back(read_layer(name, json, file));
    });
    check_inputs(place, layers.back(), known);
    if (!known.insert(name).second) fail(place, "stands there twice");
  }
  return layers;
}

// As many numbers as channels.
std::vector<float> read_numbers(const JsonReader& json, size_t channels, std::string_view or_else) {
  if (!json.is_array() || json.size() != channels)
    json.refuse_type(fmt::format("{}a list of {} numbers", or_else, channels));
  std::vector<float> numbers;
  for (size_t i = 0; i < channels; ++i) numbers.push_back(json.at(i).number());
  return numbers;
}

// A number alone, as files of old have it, is that of every channel.
std::vector<float> read_scale(const JsonReader& json, size_t channels) {
  if (json.is_number()) return std::vector<float>(channels, json.number());
  return read_numbers(json, channels, "a number or ");
}

Preprocessing read_preprocessing(const JsonReader& json, int64_t channels) {
  json.must_be_object();
  const auto count = static_cast<size_t>(channels);
  Preprocessing preprocessing;
  preprocessing.scale = read_scale(json.at("scale"), count);
  for (const int64_t channel : json.at("order").integers(count, 0, channels - 1))
    preprocessing.order.push_back(static_cast<int>(channel));
  preprocessing.mean = read_numbers(json.at("mean"), count, "");
  return preprocessing;
}

// Names that lead to layers: aliases, or values folded into them.
std::map<std::string, std::string> read_names(const Model& model, const JsonReader& json, const char* what) {
  json.must_be_object();
  std::set<std::string> known;
  for (const Layer& layer : model.layers) known.insert(layer.name);
  std::map<std::string, std::string> names;
  for (const std::string& name : json.keys()) {
    const std::string layer = json.at(name).string();
    if (!known.contains(layer)) fail(json.file(), "{} '{}' does not name a layer", what, name);
    names[name] = layer;
  }
  return names;
}

}  // namespace

void save_model(const Model& model, const std::string& path) {
  std::vector<NamedTensor> tensors;
  Json layers = Json::array();
  for (const Layer& layer : model.layers) layers.push_back(describe(layer, tensors));
  const Json json = {{"version", kVersion},
                     {"name", as_utf8(model.name)},
                     {"input", {model.channels, model.height, model.width}},
                     {"preprocessing",
                      {{"scale", model.preprocessing.scale},
                       {"mean", model.preprocessing.mean},
                       {"order", model.preprocessing.order},
                       {"source", model.preprocessing_source}}},
                     {"layers", std::move(layers)},
                     {"aliases", model.aliases},
                     {"folded", model.folded},
                     {"labels", model.labels}};
  remove_leftovers(std::filesystem::path(path).parent_path().string());
  write_safetensors(path, tensors, {{kKey, json.dump(-1, ' ', false, Json::error_handler_t::replace)}});
}

bool holds_network(const Safetensors& file) { return file.metadata().contains(kKey); }

Model read_model(const std::string& path) {
  const Safetensors file = Safetensors::open(path);
  if (!holds_network(file))
    fail(path, "holds {} tensors but no network: it was not written by `phosphene convert`", file.entries().size());
  constexpr int kMaxDepth = 5;  // model, layers, layer, window, size
  const Json parsed =
      parse_json(file.metadata().at(kKey), path + ": the description of the network", {.max_depth = kMaxDepth});
  const JsonReader json(parsed, path);
  json.must_be_object();
  if (const int64_t version = json.at("version").integer(0, INT32_MAX); version != kVersion)
    fail(path, "a model file of version {}; this phosphene reads version {}", version, kVersion);
  Model model;
  model.name = as_bytes(json.at("name").string());
  const std::vector<int64_t> input = json.at("input").integers(3, 1, kMaxSide);
  model.channels = input[0];
  model.height = input[1];
  model.width = input[2];
  model.preprocessing = read_preprocessing(json.at("preprocessing"), model.channels);
  if (json.at("preprocessing").has("source"))
    model.preprocessing_source = json.at("preprocessing").at("source").string();
  model.layers = read_layers(json.at("layers"), file);
  model.aliases = read_names(model, json.at("aliases"), "alias");
  if (json.has("folded")) model.folded = read_names(model, json.at("folded"), "folded value");
  model.labels = json.at("labels").strings();
  model.file = file.file();
  return model;
}

}  // namespace phosphene
