#include "loaders/generator_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kFormat = "phosphene-generator-1";
constexpr int64_t kMaxChannels = 1 << 14, kMaxTaps = 64, kMaxScale = 1024;
constexpr size_t kMaxGeneratorLayers = 1000;

const std::string& metadata_of(const Safetensors& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) fail(file.path(), "the generator's metadata lacks '{}'", key);
  return found->second;
}

// A tensor of this shape, of finite numbers.
Weights read_tensor(const Safetensors& file, const std::string& name, const std::vector<int64_t>& shape) {
  Weights weights = file.weights(name);
  if (weights.shape != shape) {
    fail(file.path(), "tensor '{}' has shape [{}]; expected [{}]", name, fmt::join(weights.shape, ", "),
         fmt::join(shape, ", "));
  }
  if (!std::all_of(weights.data, weights.data + weights.elements(), [](float number) { return std::isfinite(number); }))
    fail(file.path(), "tensor '{}' holds numbers that are not finite", name);
  return weights;
}

std::vector<float> read_channels(const Safetensors& file, const std::string& name, int64_t channels) {
  const Weights weights = read_tensor(file, name, {channels});
  return {weights.data, weights.data + channels};
}

float read_slope(const Safetensors& file) {
  const std::string& text = metadata_of(file, "leaky_slope");
  float slope = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slope);
  if (error != std::errc{} || end != text.data() + text.size() || !(slope >= 0) || !(slope <= 1))
    fail(file.path(), "'leaky_slope' is '{}'; expected a number from 0 to 1", text);
  return slope;
}

void read_activation(const JsonReader& json, bool last, float slope, GeneratorLayer& layer) {
  const std::string activation = json.at("activation").text();
  const std::vector<std::string> known =
      last ? std::vector<std::string>{"sigmoid"} : std::vector<std::string>{"leaky_relu", "relu", "none"};
  if (std::find(known.begin(), known.end(), activation) == known.end()) {
    json.refuse("the activation '{}' {}; expected {}{}", activation, last ? "behind the last layer" : "is unknown",
                fmt::join(known, ", "), suggestion(activation, known));
  }
  layer.rectified = activation == "leaky_relu" || activation == "relu";
  layer.slope = activation == "leaky_relu" ? slope : 0;
}

// Either side becomes `stride` times its source's, of a convolution as long, so that any code fits:
// (size - 1) stride + taps - 2 padding + output padding = size stride.
WindowAttributes read_window(const JsonReader& json, bool transposed) {
  const int64_t taps = json.at("kernel").integer(1, kMaxTaps), stride = json.at("stride").integer(1, kMaxTaps),
                padding = json.at("padding").integer(0, kMaxTaps),
                more = json.has("output_padding") ? json.at("output_padding").integer(0, padding) : 0;
  if (taps - 2 * padding + more != stride || (!transposed && (stride != 1 || more != 0))) {
    json.refuse("a window of {} taps, stride {}, padding {} does not {}", taps, stride, padding,
                transposed ? "enlarge by its stride" : "keep the size");
  }
  return {.r = taps,
          .s = taps,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = padding,
          .pad_left = padding,
          .pad_bottom = padding - more,
          .pad_right = padding - more};
}

GeneratorLayer read_layer(const JsonReader& json, const Safetensors& file) {
  GeneratorLayer layer;
  layer.name = json.at("name").text();
  const std::string type = json.at("type").text();
  if (type != "conv" && type != "conv_transpose")
    json.refuse("the unknown type '{}'{}", type, suggestion(type, {"conv", "conv_transpose"}));
  layer.transposed = type == "conv_transpose";
  layer.in_channels = json.at("in_channels").integer(1, kMaxChannels);
  layer.out_channels = json.at("out_channels").integer(1, kMaxChannels);
  layer.window = read_window(json, layer.transposed);
  const int64_t first = layer.transposed ? layer.in_channels : layer.out_channels,
                second = layer.transposed ? layer.out_channels : layer.in_channels;
  layer.weights = read_tensor(file, layer.name + ".weight", {first, second, layer.window.r, layer.window.s});
  layer.bias = read_tensor(file, layer.name + ".bias", {layer.out_channels});
  return layer;
}

void read_layers(const Safetensors& file, Generator& generator) {
  constexpr int kMaxDepth = 2;  // list, layer
  const Json parsed =
      parse_json(metadata_of(file, "layers"), file.path() + ": the list of layers", {.max_depth = kMaxDepth});
  const JsonReader list(parsed, file.path());
  if (!list.is_array() || list.size() == 0 || list.size() > kMaxGeneratorLayers)
    fail(file.path(), "holds no list of 1 to {} layers", kMaxGeneratorLayers);
  const float slope = read_slope(file);
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonReader json = JsonReader::within(list.at(i).json(), file.path(), fmt::format("layer {}", i));
    json.must_be_object();
    GeneratorLayer layer = read_layer(json, file);
    read_activation(json, i + 1 == list.size(), slope, layer);
    if (i > 0 && layer.in_channels != generator.layers.back().out_channels) {
      json.refuse("reads {} channels, but the layer before it writes {}", layer.in_channels,
                  generator.layers.back().out_channels);
    }
    generator.scale *= layer.window.stride_h;
    if (generator.scale > kMaxScale) json.refuse("the layers enlarge by more than {}", kMaxScale);
    generator.layers.push_back(std::move(layer));
  }
  generator.code_channels = generator.layers.front().in_channels;
  generator.image_channels = generator.layers.back().out_channels;
}

void read_encoder(const Safetensors& file, Generator& generator) {
  if (!file.metadata().contains("training")) return;
  constexpr int kMaxDepth = 8;
  const std::string place = file.path() + ": training";
  const Json parsed = parse_json(file.metadata().at("training"), place, {.max_depth = kMaxDepth});
  const JsonReader json = JsonReader::within(parsed, file.path(), "training");
  json.must_be_object();
  if (!json.has("encoder")) return;
  generator.encoder.layer = json.at("encoder").text();
  const std::vector<int64_t> shape = file.entry("encoder_mean").shape;
  const int64_t features = shape.size() == 1 ? shape[0] : 0;
  generator.encoder.mean = read_channels(file, "encoder_mean", features);
  const std::vector<int64_t> projection{features, generator.code_channels};
  const Weights numbers = read_tensor(file, "encoder_proj", projection);
  generator.encoder.projection = {projection, {numbers.data, numbers.data + numbers.elements()}};
}

void read_statistics(const Safetensors& file, Generator& generator) {
  for (const auto& [name, numbers] : {std::pair{"code_mean", &generator.code_mean},
                                      {"code_std", &generator.code_std},
                                      {"code_min", &generator.code_min},
                                      {"code_max", &generator.code_max}}) {
    *numbers = read_channels(file, name, generator.code_channels);
  }
  for (size_t c = 0; c < generator.code_min.size(); ++c) {
    if (generator.code_min[c] > generator.code_max[c])
      fail(file.path(), "channel {} of the code has a minimum above its maximum", c);
  }
}

}  // namespace

Generator read_generator(const std::string& path) {
  const Safetensors file = Safetensors::open(path);
  if (!file.metadata().contains("format")) fail(path, "is not a generator: its metadata names no format");
  if (const std::string& format = file.metadata().at("format"); format != kFormat)
    fail(path, "a generator of the unknown format '{}'; '{}' is read", format, kFormat);
  Generator generator;
  generator.file = path;
  read_layers(file, generator);
  read_statistics(file, generator);
  read_encoder(file, generator);
  return generator;
}

}  // namespace phosphene
