#include "loaders/model_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/json_reader.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

constexpr const char* kKey = "phosphene";
constexpr int kVersion = 1;
constexpr int64_t kMaxSide = 1 << 16;  // of an image, a window, a stride
constexpr size_t kMaxLayers = 10000;

// ---- writing
// ---------------------------------------------------------------------------------------------------------

Json to_json(const WindowAttributes& window) {
  return {{"size", {window.r, window.s}},
          {"stride", {window.stride_h, window.stride_w}},
          {"pad", {window.pad_top, window.pad_left, window.pad_bottom, window.pad_right}},
          {"rule", window.same   ? "same"
                   : window.ceil ? "ceil"
                                 : "floor"}};
}

class ModelWriter {
 public:
  Json describe(const Layer& layer) {
    Json json = {{"name", layer.name}};
    const Op& op = *layer.op;
    if (const auto* convolution = dynamic_cast<const Convolution*>(&op)) {
      json.update(
          {{"op", "convolution"}, {"window", to_json(convolution->window())}, {"groups", convolution->groups()}});
      add_weights(json, layer.name, convolution->weights(), convolution->bias());
    } else if (const auto* linear = dynamic_cast<const Linear*>(&op)) {
      json["op"] = "linear";
      add_weights(json, layer.name, linear->weights(), linear->bias());
    } else if (const auto* pooling = dynamic_cast<const Pooling*>(&op)) {
      describe_pooling(json, *pooling);
    } else if (const auto* lrn = dynamic_cast<const Lrn*>(&op)) {
      json.update(
          {{"op", "lrn"}, {"radius", lrn->radius()}, {"alpha", lrn->alpha()}, {"beta", lrn->beta()}, {"k", lrn->k()}});
    } else if (dynamic_cast<const Relu*>(&op) != nullptr) {
      json["op"] = "relu";
    } else if (dynamic_cast<const Concat*>(&op) != nullptr) {
      json["op"] = "concat";
    } else if (dynamic_cast<const Add*>(&op) != nullptr) {
      json["op"] = "add";
    } else if (dynamic_cast<const Softmax*>(&op) != nullptr) {
      json["op"] = "softmax";
    } else {
      fail_internal(layer.name, "a layer of kind {} cannot be written to a model file", op.kind());
    }
    json["inputs"] = layer.inputs;
    return json;
  }

  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }

 private:
  static void describe_pooling(Json& json, const Pooling& pooling) {
    const bool average = pooling.pooling_kind() == PoolingKind::average;
    json["op"] = average ? "average pooling" : "max pooling";
    if (average) json["divisor"] = pooling.divisor() == PoolingDivisor::padded ? "padded" : "inside";
    if (pooling.global())
      json["global"] = true;
    else
      json["window"] = to_json(pooling.window());
  }

  void add_weights(Json& json, const std::string& layer, const Weights& weights, const Weights& bias) {
    json["weights"] = add_tensor(layer + "/weights", weights);
    if (bias.data != nullptr) json["bias"] = add_tensor(layer + "/bias", bias);
  }

  const std::string& add_tensor(const std::string& name, const Weights& weights) {
    tensors_.push_back({name, weights.shape, {weights.data, static_cast<size_t>(weights.elements())}});
    return tensors_.back().name;
  }

  std::vector<NamedTensor> tensors_;
};

// ---- reading
// ---------------------------------------------------------------------------------------------------------

WindowAttributes read_window(const JsonReader& layer) {
  const JsonReader json = layer.at("window");
  json.must_be_object();
  const std::vector<int64_t> size = json.at("size").integers(2, 1, kMaxSide),
                             stride = json.at("stride").integers(2, 1, kMaxSide),
                             pad = json.at("pad").integers(4, 0, kMaxSide);
  const std::string rule = json.at("rule").word({"floor", "ceil", "same"});
  return {size[0], size[1], stride[0], stride[1], pad[0], pad[1], pad[2], pad[3], rule == "same", rule == "ceil"};
}

Weights read_weights(const JsonReader& layer, const char* key, const Safetensors& file) {
  if (!layer.has(key)) return {};
  Weights weights = file.weights(layer.at(key).text());
  if (weights.elements() == 0) layer.at(key).refuse("is a tensor without numbers");
  return weights;
}

std::shared_ptr<const Op> read_pooling(const JsonReader& layer, PoolingKind kind) {
  const bool global = layer.has("global") && layer.at("global").boolean();
  PoolingDivisor divisor = PoolingDivisor::padded;
  if (kind == PoolingKind::average && layer.at("divisor").word({"padded", "inside"}) == "inside")
    divisor = PoolingDivisor::inside;
  return std::make_shared<Pooling>(kind, global ? WindowAttributes{} : read_window(layer), divisor, global);
}

std::shared_ptr<const Op> read_op(const JsonReader& layer, const Safetensors& file) {
  constexpr int64_t kMaxGroups = 1 << 20, kMaxRadius = 1 << 10;
  const std::string op = layer.at("op").word(
      {"convolution", "linear", "max pooling", "average pooling", "lrn", "relu", "concat", "add", "softmax"});
  if (op == "convolution" || op == "linear") {
    Weights weights = read_weights(layer, "weights", file), bias = read_weights(layer, "bias", file);
    if (weights.data == nullptr) layer.refuse("the key 'weights' is missing");
    if (op == "linear") return std::make_shared<Linear>(std::move(weights), std::move(bias));
    return std::make_shared<Convolution>(read_window(layer), layer.at("groups").integer(1, kMaxGroups),
                                         std::move(weights), std::move(bias));
  }
  if (op == "max pooling") return read_pooling(layer, PoolingKind::max);
  if (op == "average pooling") return read_pooling(layer, PoolingKind::average);
  if (op == "lrn") {
    const auto radius = static_cast<int>(layer.at("radius").integer(0, kMaxRadius));
    return std::make_shared<Lrn>(radius, layer.at("alpha").number(), layer.at("beta").number(), layer.at("k").number());
  }
  if (op == "relu") return std::make_shared<Relu>();
  if (op == "concat") return std::make_shared<Concat>();
  if (op == "add") return std::make_shared<Add>();
  return std::make_shared<Softmax>();
}

void check_inputs(const std::string& place, const Layer& layer, const std::set<std::string>& known) {
  const bool joins = layer.as<Concat>() != nullptr || layer.as<Add>() != nullptr;
  if (layer.inputs.empty() || (!joins && layer.inputs.size() != 1)) fail(place, "has {} inputs", layer.inputs.size());
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
    const JsonReader described = list.at(i);
    described.must_be_object();
    const std::string name = described.at("name").text(), place = fmt::format("{}: layer '{}'", file.path(), name);
    const JsonReader json = JsonReader::within(described.json(), file.path(), fmt::format("layer '{}'", name));
    at_place_if_none(place, [&] {  // an op's constructor does not know its layer
      layers.push_back({name, read_op(json, file), json.at("inputs").strings()});
    });
    check_inputs(place, layers.back(), known);
    if (!known.insert(name).second) fail(place, "stands there twice");
  }
  return layers;
}

Preprocessing read_preprocessing(const JsonReader& json, int64_t channels) {
  json.must_be_object();
  const auto count = static_cast<size_t>(channels);
  Preprocessing preprocessing;
  preprocessing.scale = json.at("scale").number();
  for (const int64_t channel : json.at("order").integers(count, 0, channels - 1))
    preprocessing.order.push_back(static_cast<int>(channel));
  const JsonReader mean = json.at("mean");
  if (!mean.is_array() || mean.size() != count) mean.refuse_type(fmt::format("a list of {} numbers", channels));
  for (size_t i = 0; i < count; ++i) preprocessing.mean.push_back(mean.at(i).number());
  return preprocessing;
}

void read_aliases(Model& model, const JsonReader& json) {
  json.must_be_object();
  std::set<std::string> known;
  for (const Layer& layer : model.layers) known.insert(layer.name);
  for (const std::string& alias : json.keys()) {
    const std::string layer = json.at(alias).string();
    if (!known.contains(layer)) fail(json.file(), "alias '{}' does not name a layer", alias);
    model.aliases[alias] = layer;
  }
}

}  // namespace

void save_model(const Model& model, const std::string& path) {
  ModelWriter writer;
  Json layers = Json::array();
  for (const Layer& layer : model.layers) layers.push_back(writer.describe(layer));
  const Json json = {{"version", kVersion},
                     {"name", model.name},
                     {"input", {model.channels, model.height, model.width}},
                     {"preprocessing",
                      {{"scale", model.preprocessing.scale},
                       {"mean", model.preprocessing.mean},
                       {"order", model.preprocessing.order}}},
                     {"layers", std::move(layers)},
                     {"aliases", model.aliases},
                     {"labels", model.labels}};
  write_safetensors(path, writer.tensors(), {{kKey, json.dump(-1, ' ', false, Json::error_handler_t::replace)}});
}

bool holds_network(const Safetensors& file) { return file.metadata().contains(kKey); }

Model read_model(const std::string& path) {
  const Safetensors file = Safetensors::open(path);
  if (!holds_network(file))
    fail(path, "holds {} tensors but no network: it was not written by `phosphene convert`", file.entries().size());
  constexpr int kMaxDepth = 5;  // model, layers, layer, window, size
  const Json parsed = parse_json(file.metadata().at(kKey), path + ": the description of the network", kMaxDepth);
  const JsonReader json(parsed, path);
  json.must_be_object();
  if (const int64_t version = json.at("version").integer(0, INT32_MAX); version != kVersion)
    fail(path, "a model file of version {}; this phosphene reads version {}", version, kVersion);
  Model model;
  model.name = json.at("name").string();
  const std::vector<int64_t> input = json.at("input").integers(3, 1, kMaxSide);
  model.channels = input[0];
  model.height = input[1];
  model.width = input[2];
  model.preprocessing = read_preprocessing(json.at("preprocessing"), model.channels);
  model.layers = read_layers(json.at("layers"), file);
  read_aliases(model, json.at("aliases"));
  model.labels = json.at("labels").strings();
  model.file = file.file();
  return model;
}

}  // namespace phosphene
