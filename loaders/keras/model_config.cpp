#include "loaders/keras/model_config.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "loaders/keras/inbound.h"
#include "loaders/keras/layer_config.h"
#include "loaders/shown.h"
#include "runtime/error.h"

namespace phosphene::keras {
namespace {

using Values = std::vector<std::string>;

constexpr size_t kMaxLayers = 5000;

bool is_functional(const std::string& class_name) { return class_name == "Functional" || class_name == "Model"; }
bool is_sequential(const std::string& class_name) { return class_name == "Sequential"; }
bool is_model(const std::string& class_name) { return is_functional(class_name) || is_sequential(class_name); }

// What Keras 3 makes of arithmetic on values: no layer, and left out where it counts layers.
bool is_op(const std::string& module) { return module.starts_with("keras.src.ops") || module.starts_with("keras.ops"); }

// A layer as its model's list of layers has it.
struct Layer {
  std::string name, class_name, module;
  JsonReader entry, config;
  Step step;
};

// One model and the models within it.
class Builder {
 public:
  Builder(source::Network& network, LayerWeights& weights) : network_(network), weights_(weights) {}

  // Adds the layers of a model; `inputs`: the values that it is called with, or nothing for the whole model, whose inputs are the
  // network's. Returns the values that it gives.
  Values add_model(const JsonReader& model, const std::vector<Step>& path, const std::optional<Values>& inputs);

 private:
  [[nodiscard]] std::vector<Layer> layers_of(const JsonReader& model, const std::vector<Step>& path) const;
  void check_layer(const Layer& layer) const;
  Values add_sequential(const JsonReader& model, const std::vector<Step>& path, const std::optional<Values>& inputs);
  Values add_functional(const JsonReader& model, const std::vector<Step>& path, const std::optional<Values>& inputs);
  // All calls, each as soon as what it reads is there; the list is nearly always in such an order.
  void add_calls(const std::vector<Layer>& layers, std::vector<Call> calls, const std::vector<Step>& path,
                 Wiring& wiring);
  // One call of a layer; returns what it gives.
  Values add_layer(const Layer& layer, const std::vector<Step>& path, const Arguments& arguments, size_t call);
  Values add_input(const std::string& name, std::vector<int64_t> dims);

  source::Network& network_;
  LayerWeights& weights_;
  size_t count_ = 0;
};

std::string joined(const std::vector<Step>& path, const std::string& name) {
  std::string all;
  for (const Step& step : path) all += step.name + "/";
  return all + name;
}

// The layers' list: "layers" of the configuration, which was itself the list for Sequential models before Keras 2.2.3.
JsonReader layer_list(const JsonReader& model) {
  const JsonReader config = model.at("config");
  return config.is_array() ? config : config.at("layers");
}

std::vector<Layer> Builder::layers_of(const JsonReader& model, const std::vector<Step>& path) const {
  std::map<std::string, int> counts;
  std::map<std::string, bool> seen;
  std::vector<Layer> layers;
  const JsonReader list = layer_list(model);
  list.must_be_array();
  if (list.size() > kMaxLayers) list.refuse("has more than {} layers", kMaxLayers);
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonReader numbered = list.at(i);
    const std::string class_name = numbered.at("class_name").text();
    const JsonReader raw = numbered.at("config");
    const std::string name = raw.is_object() && raw.has("name") ? raw.at("name").text()
                             : numbered.has("name")             ? numbered.at("name").text()
                                                                : fmt::format("layer_{}", i + 1);
    if (!seen.emplace(name, true).second) list.refuse("has two layers called '{}'", shown(name));
    const JsonReader entry = JsonReader::within(
        numbered.json(), network_.path, fmt::format("layer '{}' ({})", shown(joined(path, name)), shown(class_name)));
    const std::string module = entry.has("module") && entry.at("module").is_string() ? entry.at("module").string() : "";
    const std::string snake = snake_case(class_name);
    const int count = is_op(module) ? 0 : counts[snake]++;
    layers.push_back({name,
                      class_name,
                      module,
                      entry,
                      JsonReader::within(raw.json(), entry.file(), "config"),
                      {name, count == 0 ? snake : fmt::format("{}_{}", snake, count)}});
  }
  return layers;
}

void Builder::check_layer(const Layer& layer) const {
  const std::string place = layer.entry.file();
  if (layer.class_name == "Lambda")
    fail(place, "holds Python code, which is never run: put a layer of Keras in its place");
  if (layer.class_name == "TFOpLambda" || layer.class_name == "TensorFlowOpLayer" ||
      layer.class_name == "SlicingOpLambda")
    fail(
        place,
        "is an op of TensorFlow's inside a Keras model, which is not read: export the model as a frozen graph or ONNX");
  const bool registered = layer.entry.has("registered_name") && layer.entry.at("registered_name").is_string() &&
                          layer.entry.at("registered_name").string().find('>') != std::string::npos;
  const bool foreign = !layer.module.empty() && layer.module != "keras" && !layer.module.starts_with("keras.");
  if (registered || foreign || layer.class_name.find('>') != std::string::npos)
    fail(place, "is a class of its author's own, whose code is not in the file");
}

Values Builder::add_input(const std::string& name, std::vector<int64_t> dims) {
  network_.inputs.push_back({name, std::move(dims)});
  return {name};
}

// The shape that a layer says it reads, in the spellings of Keras 1 to 3; nothing where it says none.
std::optional<std::vector<int64_t>> stated_shape(const JsonReader& config) {
  if (!config.is_object()) return std::nullopt;
  for (const char* key : {"batch_shape", "batch_input_shape", "build_input_shape"}) {
    if (config.has(key) && !config.at(key).is_null()) return shape_of(config.at(key));
  }
  return std::nullopt;
}

std::optional<std::vector<int64_t>> first_shape(const JsonReader& model) {
  const JsonReader list = layer_list(model);
  if (list.is_array() && list.size() > 0) {
    const JsonReader first = list.at(size_t{0});
    if (auto shape = stated_shape(first.at("config"))) return shape;
    if (is_model(first.at("class_name").string())) return first_shape(first);
  }
  return stated_shape(model.at("config"));
}

Values Builder::add_sequential(const JsonReader& model, const std::vector<Step>& path,
                               const std::optional<Values>& inputs) {
  const std::vector<Layer> layers = layers_of(model, path);
  if (layers.empty()) model.refuse("has no layers");
  Values values;
  size_t first = 0;
  if (inputs) {
    if (inputs->size() != 1) model.refuse("a Sequential model is called with {} inputs; expected one", inputs->size());
    values = *inputs;
    first = layers.front().class_name == "InputLayer" ? 1 : 0;
  } else {
    const auto shape = first_shape(model);
    if (!shape) model.refuse("says no shape of its input: build the model before it is saved");
    const bool named = layers.front().class_name == "InputLayer";
    values = add_input(named ? layers.front().name : layers.front().name + "_input", *shape);
    first = named ? 1 : 0;
  }
  for (size_t i = first; i < layers.size(); ++i) {
    if (layers[i].class_name == "InputLayer") model.refuse("has an InputLayer behind its first layer");
    Arguments arguments;
    for (const std::string& value : values) arguments.push_back({std::nullopt, value});
    values = add_layer(layers[i], path, arguments, 0);
  }
  return values;
}

void Builder::add_calls(const std::vector<Layer>& layers, std::vector<Call> calls, const std::vector<Step>& path,
                        Wiring& wiring) {
  if (calls.size() > kMaxLayers) fail(network_.path, "its layers are called more than {} times", kMaxLayers);
  while (!calls.empty()) {
    std::vector<Call> waiting;
    for (Call& call : calls) {
      const Layer& layer = layers[call.layer];
      call.waits_for = wiring.missing(call);
      if (call.waits_for) {
        waiting.push_back(std::move(call));
        continue;
      }
      const auto number = static_cast<size_t>(call.number);
      wiring.set({layer.name, call.number, 0}, add_layer(layer, path, wiring.arguments_of(call), number));
    }
    if (waiting.size() == calls.size()) {
      fail(layers[waiting.front().layer].entry.file(), "reads '{}', which no layer gives, or which waits for it",
           shown(waiting.front().waits_for->layer));
    }
    calls = std::move(waiting);
  }
}

Values Builder::add_functional(const JsonReader& model, const std::vector<Step>& path,
                               const std::optional<Values>& inputs) {
  const std::vector<Layer> layers = layers_of(model, path);
  const JsonReader config = model.at("config");
  Wiring wiring;
  const std::vector<Reference> input_layers = references_in(config.at("input_layers"));
  if (inputs && inputs->size() != input_layers.size())
    model.refuse("is called with {} inputs; expected {}", inputs->size(), input_layers.size());
  std::vector<Call> calls;
  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    if (layer.class_name != "InputLayer") {
      for (Call& call : calls_in(layer.entry, i)) calls.push_back(std::move(call));
      continue;
    }
    Values value;
    if (!inputs)
      value = add_input(joined(path, layer.name), stated_shape(layer.config).value_or(std::vector<int64_t>()));
    for (size_t k = 0; inputs && k < input_layers.size(); ++k) {
      if (input_layers[k].layer == layer.name) value = {(*inputs)[k]};
    }
    if (value.empty()) fail(layer.entry.file(), "is none of its model's input_layers");
    wiring.set({layer.name, 0, 0}, value);
  }
  add_calls(layers, std::move(calls), path, wiring);
  Values outputs;
  for (const Reference& output : references_in(config.at("output_layers"))) {
    const std::optional<std::string> value = wiring.value(output);
    if (!value) config.at("output_layers").refuse("names '{}', which no layer gives", shown(output.layer));
    outputs.push_back(*value);
  }
  return outputs;
}

Values Builder::add_layer(const Layer& layer, const std::vector<Step>& path, const Arguments& arguments, size_t call) {
  if (++count_ > kMaxLayers) fail(network_.path, "has more than {} layers", kMaxLayers);
  check_layer(layer);
  std::vector<Step> place(path);
  place.push_back(layer.step);
  const std::string name = joined(path, layer.name);
  if (is_model(layer.class_name)) {
    Values values;
    for (const Argument& argument : arguments) values.push_back(argument.value);
    if (call > 0) fail(layer.entry.file(), "is called more than once: shared models are not read");
    return add_model(layer.entry, place, values);
  }
  if (!layer.config.is_object()) fail(layer.entry.file(), "has no config");
  const bool op = is_op(layer.module);
  const std::string value = call == 0 ? name : fmt::format("{}:call{}", name, call);
  source::Node node{name, (op ? "keras.ops." : "keras.") + layer.class_name, {}, {value}, attributes_of(layer.config),
                    {}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    node.inputs.push_back(arguments[i].number ? fmt::format("{}/argument{}", value, i) : arguments[i].value);
    if (arguments[i].number)
      network_.constants.emplace(node.inputs.back(),
                                 source::Constant::of(std::vector<float>{*arguments[i].number}, {}));
  }
  const std::vector<std::string> names = op ? std::vector<std::string>() : weight_names(layer.class_name, layer.config);
  if (call > 0 && !names.empty())
    fail(layer.entry.file(), "is called more than once: layers that share their weights are not read");
  if (op) {
    network_.nodes.push_back(std::move(node));
    return {value};
  }
  std::vector<source::Constant> constants = weights_.read(place, names);
  for (size_t i = 0; i < names.size(); ++i) {
    node.inputs.push_back(fmt::format("{}/{}", name, names[i]));
    if (!network_.constants.emplace(node.inputs.back(), std::move(constants[i])).second)
      fail(layer.entry.file(), "'{}' stands there twice", shown(node.inputs.back()));
  }
  network_.nodes.push_back(std::move(node));
  return {value};
}

Values Builder::add_model(const JsonReader& model, const std::vector<Step>& path, const std::optional<Values>& inputs) {
  const std::string class_name = model.at("class_name").text();
  if (is_sequential(class_name)) return add_sequential(model, path, inputs);
  if (is_functional(class_name)) return add_functional(model, path, inputs);
  model.refuse("is a model of the class {}, whose code is not in the file; expected Functional or Sequential",
               shown(class_name));
}

}  // namespace

void add_model(source::Network& network, const Json& config, LayerWeights& weights) {
  const JsonReader model(config, network.path + ": config");
  model.must_be_object();
  const JsonReader inner = model.at("config");
  if (inner.is_object() && inner.has("name") && inner.at("name").is_string()) network.name = inner.at("name").string();
  network.outputs = Builder(network, weights).add_model(model, {}, std::nullopt);
}

}  // namespace phosphene::keras
