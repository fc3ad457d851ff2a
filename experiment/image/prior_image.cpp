#include "experiment/image/prior_image.h"

#include <algorithm>

#include "experiment/photos/find_photograph.h"
#include "experiment/photos/photo_features.h"
#include "layers/image/normal_draws.h"
#include "layers/optimiser/clamp_code.h"
#include "loaders/generator_file.h"
#include "loaders/load_model.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kGeneratorKey = "/parameterization/prior/generator";
constexpr const char* kPhotoKey = "/parameterization/prior/from";

// Codes of photographs are whitened, so this counts standard deviations; the generator has seen none beyond it.
constexpr double kMaxOfPhotos = 3;

Generator load(const Config& config) {
  return at_place(fmt::format("{}: {}", config.file, kGeneratorKey),
                  [&] { return read_generator(find_model(config.prior.generator, config.directory)); });
}

int64_t nearest_multiple(int64_t size, int64_t scale) {
  return std::max((size + scale / 2) / scale, int64_t{1}) * scale;
}

// (features - mean) . projection at every position, clipped.
std::vector<float> encode(const GeneratorEncoder& encoder, const HostTensor& features) {
  const int64_t positions = features.dims[2] * features.dims[3];
  const auto count = static_cast<int64_t>(encoder.mean.size()), channels = encoder.projection.dims[1];
  std::vector<float> code;
  for (int64_t position = 0; position < positions; ++position) {
    std::vector<double> sums(static_cast<size_t>(channels));
    for (int64_t f = 0; f < count; ++f) {
      const double feature = static_cast<double>(features.data[static_cast<size_t>(f * positions + position)]) -
                             encoder.mean[static_cast<size_t>(f)];
      const float* weights = encoder.projection.data.data() + f * channels;
      for (size_t c = 0; c < sums.size(); ++c) sums[c] += feature * weights[c];
    }
    for (const double sum : sums) code.push_back(static_cast<float>(std::clamp(sum, -kMaxOfPhotos, kMaxOfPhotos)));
  }
  return code;
}

}  // namespace

LearnedPrior::LearnedPrior(const Config& config, const Shape& image, const Model& model, Backend& backend)
    : config_(config), image_(image), generator_(load(config)) {
  check_fit();
  centre_ = config.prior.photo.empty() ? mean_code() : photo_code(model, backend);
}

void LearnedPrior::refuse(const char* place, const std::string& what) const {
  fail(fmt::format("{}: {}", config_.file, place), "{}", what);
}

void LearnedPrior::check_fit() const {
  const int64_t scale = generator_.scale;
  if (generator_.image_channels != image_.c) {
    refuse(kGeneratorKey, fmt::format("'{}' draws {} channels, but the model sees {}", config_.prior.generator,
                                      generator_.image_channels, image_.c));
  }
  if (image_.h % scale != 0 || image_.w % scale != 0) {
    refuse("/size", fmt::format("'{}' draws {} x {} pixels for each position of its code, and so no image of {} x {}; "
                                "the nearest is {} x {}",
                                config_.prior.generator, scale, scale, image_.h, image_.w,
                                nearest_multiple(image_.h, scale), nearest_multiple(image_.w, scale)));
  }
}

TensorInfo LearnedPrior::code() const {
  return {{image_.n, generator_.code_channels, image_.h / generator_.scale, image_.w / generator_.scale},
          Layout::channels_last,
          DType::f32};
}

ValueId LearnedPrior::append(Graph& graph, ValueId code) const { return append_generator(graph, generator_, code); }

void LearnedPrior::append_bounds(Graph& graph, ValueId code, ValueId stopped_at) const {
  append_clamp_code(graph, {generator_.code_min, generator_.code_max, config_.prior.norm}, code, stopped_at);
}

// The model's name of the layer that the generator's file names with '_' for '/'.
std::string LearnedPrior::encoder_layer(const Model& model) const {
  const std::string& wanted = generator_.encoder.layer;
  if (wanted.empty()) refuse(kPhotoKey, fmt::format("'{}' has no encoder of photographs", config_.prior.generator));
  for (const Layer& layer : model.layers) {
    std::string name = layer.name;
    std::replace(name.begin(), name.end(), '/', '_');
    if (name == wanted) return layer.name;
  }
  refuse(kPhotoKey,
         fmt::format("'{}' makes codes of photographs from the layer '{}', which the model '{}' does not have",
                     config_.prior.generator, wanted, model.name));
}

std::vector<float> LearnedPrior::mean_code() const {
  const Shape shape = code().shape;
  std::vector<float> mean;
  for (int64_t position = 0; position < shape.h * shape.w; ++position)
    mean.insert(mean.end(), generator_.code_mean.begin(), generator_.code_mean.end());
  return mean;
}

std::vector<float> LearnedPrior::photo_code(const Model& model, Backend& backend) const {
  const std::string layer = encoder_layer(model);
  const HostTensor features =
      photo_features(model, layer, find_photograph(config_, config_.prior.photo, config_.file + ": " + kPhotoKey),
                     image_.h, image_.w, backend);
  const Shape wanted = code().shape;
  const std::vector<int64_t> dims{1, std::ssize(generator_.encoder.mean), wanted.h, wanted.w};
  if (features.dims != dims) {
    refuse(kPhotoKey, fmt::format("'{}' of the model is {}, but '{}' makes codes from {}", layer,
                                  fmt::join(features.dims, "x"), config_.prior.generator, fmt::join(dims, "x")));
  }
  return encode(generator_.encoder, features);
}

std::vector<float> LearnedPrior::start(std::span<const DrawKey> keys) const {
  std::vector<float> codes;
  for (const DrawKey& key : keys) {
    std::vector<float> code(centre_.size());
    draw_normal(key, DrawPurpose::initial_code, config_.sd, code);
    for (size_t i = 0; i < code.size(); ++i)
      codes.push_back(centre_[i] + generator_.code_std[i % generator_.code_std.size()] * code[i]);
  }
  return codes;
}

}  // namespace phosphene
