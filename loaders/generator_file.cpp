#include "loaders/generator_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "loaders/json_attributes.h"
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
    fail(file.path(), "tensor '{}' has shape [{}]; [{}] is meant", name, fmt::join(weights.shape, ", "),
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
    fail(file.path(), "'leaky_slope' is '{}'; a number from 0 to 1 is meant", text);
  return slope;
}

void read_activation(const Attributes& json, bool last, float slope, GeneratorLayer& layer) {
  const std::string activation = json.string("activation");
  const std::vector<std::string> known =
      last ? std::vector<std::string>{"sigmoid"} : std::vector<std::string>{"leaky_relu", "relu", "none"};
  if (std::find(known.begin(), known.end(), activation) == known.end()) {
    fail(json.where(), "the activation '{}' {}; {} is meant{}", activation,
         last ? "behind the last layer" : "is unknown", fmt::join(known, ", "), suggestion(activation, known));
  }
  layer.rectified = activation == "leaky_relu" || activation == "relu";
  layer.slope = activation == "leaky_relu" ? slope : 0;
}

// Either side becomes `stride` times its source's, of a convolution as long, so that any code fits:
// (size - 1) stride + taps - 2 padding + output padding = size stride.
WindowAttributes read_window(const Attributes& json, bool transposed) {
  const int64_t taps = json.integer("kernel", 1, kMaxTaps), stride = json.integer("stride", 1, kMaxTaps),
                padding = json.integer("padding", 0, kMaxTaps),
                more = json.contains("output_padding") ? json.integer("output_padding", 0, padding) : 0;
  if (taps - 2 * padding + more != stride || (!transposed && (stride != 1 || more != 0))) {
    fail(json.where(), "a window of {} taps, stride {}, padding {} does not {}", taps, stride, padding,
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

GeneratorLayer read_layer(const Attributes& json, const Safetensors& file) {
  GeneratorLayer layer;
  layer.name = json.string("name");
  const std::string type = json.string("type");
  if (type != "conv" && type != "conv_transpose")
    fail(json.where(), "the unknown type '{}'{}", type, suggestion(type, {"conv", "conv_transpose"}));
  layer.transposed = type == "conv_transpose";
  layer.in_channels = json.integer("in_channels", 1, kMaxChannels);
  layer.out_channels = json.integer("out_channels", 1, kMaxChannels);
  layer.window = read_window(json, layer.transposed);
  const int64_t first = layer.transposed ? layer.in_channels : layer.out_channels,
                second = layer.transposed ? layer.out_channels : layer.in_channels;
  layer.weights = read_tensor(file, layer.name + ".weight", {first, second, layer.window.r, layer.window.s});
  layer.bias = read_tensor(file, layer.name + ".bias", {layer.out_channels});
  return layer;
}

void read_layers(const Safetensors& file, Generator& generator) {
  constexpr int kMaxDepth = 2;  // list, layer
  const MetadataJson list = parse_metadata(file.path(), "the list of layers", metadata_of(file, "layers"), kMaxDepth);
  if (!list.is_array() || list.empty() || list.size() > kMaxGeneratorLayers)
    fail(file.path(), "holds no list of 1 to {} layers", kMaxGeneratorLayers);
  const float slope = read_slope(file);
  for (size_t i = 0; i < list.size(); ++i) {
    const Attributes json(list[i], fmt::format("{}: layer {}", file.path(), i));
    GeneratorLayer layer = read_layer(json, file);
    read_activation(json, i + 1 == list.size(), slope, layer);
    if (i > 0 && layer.in_channels != generator.layers.back().out_channels) {
      fail(json.where(), "reads {} channels, but the layer before it writes {}", layer.in_channels,
           generator.layers.back().out_channels);
    }
    generator.scale *= layer.window.stride_h;
    if (generator.scale > kMaxScale) fail(json.where(), "the layers enlarge by more than {}", kMaxScale);
    generator.layers.push_back(std::move(layer));
  }
  generator.code_channels = generator.layers.front().in_channels;
  generator.image_channels = generator.layers.back().out_channels;
}

void read_encoder(const Safetensors& file, Generator& generator) {
  if (!file.metadata().contains("training")) return;
  constexpr int kMaxDepth = 8;
  const MetadataJson parsed =
      parse_metadata(file.path(), "the metadata 'training'", file.metadata().at("training"), kMaxDepth);
  const Attributes json(parsed, file.path() + ": training");
  if (!json.contains("encoder")) return;
  generator.encoder.layer = json.string("encoder");
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
  if (!file.metadata().contains("format")) fail(path, "is no generator: its metadata names no format");
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
