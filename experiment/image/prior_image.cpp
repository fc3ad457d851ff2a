// The learned prior: the image is what a generator (loaders/model/generator.h) draws from a code, and the code is what
// gradient ascent changes.
#include <fmt/ranges.h>

#include <algorithm>

#include "experiment/image/parameterization_list.h"
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
// Of the start, in standard deviations of the codes; a photograph's code is the start itself.
constexpr double kDeviationAroundMean = 0.3;

struct PriorKeys {
  NamedFile generator;
  double norm = 8;
  NamedFile photo;  // without one: the mean of all codes
  std::optional<double> sd;

  [[nodiscard]] double start_deviation() const { return sd.value_or(photo.empty() ? kDeviationAroundMean : 0); }
};

Generator load(const NamedFile& generator, const std::string& config_file) {
  return at_place(fmt::format("{}: {}", config_file, kGeneratorKey),
                  [&] { return read_generator(find_model(generator.name, generator.folder)); });
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

// The parameter is the code: a vector at every position, channels_last.
class PriorParameters final : public ImageParameters {
 public:
  // Throws for a generator that does not fit the image, and for a photograph that the model gives no code for.
  PriorParameters(PriorKeys keys, const ImageContext& context)
      : keys_(std::move(keys)),
        file_(context.file),
        image_(context.image),
        generator_(load(keys_.generator, context.file)) {
    check_fit();
    centre_ = keys_.photo.empty() ? mean_code() : photo_code(context.model, context.backend);
    add_parameter(code());
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId /*picture*/) const override {
    return append_generator(graph, generator_, states[0]);
  }

  void append_bounds(Graph& graph, std::span<const ValueId> states, ValueId stopped_at) const override {
    append_clamp_code(graph, {generator_.code_min, generator_.code_max, keys_.norm}, states[0], stopped_at);
  }

  // mean + sd * deviation * N(0, 1), or the photograph's code in place of the mean.
  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, std::span<const DrawKey> keys) const override;

 private:
  [[nodiscard]] TensorInfo code() const {
    return {{image_.n, generator_.code_channels, image_.h / generator_.scale, image_.w / generator_.scale},
            Layout::channels_last,
            DType::f32};
  }
  void check_fit() const;
  [[nodiscard]] std::string encoder_layer(const Model& model) const;
  [[nodiscard]] std::vector<float> mean_code() const;
  [[nodiscard]] std::vector<float> photo_code(const Model& model, Backend& backend) const;
  [[noreturn]] void refuse(const char* place, const std::string& what) const {
    fail(fmt::format("{}: {}", file_, place), "{}", what);
  }

  PriorKeys keys_;
  std::string file_;  // the config's
  Shape image_;
  Generator generator_;
  std::vector<float> centre_;  // of the starts: one code, as it lies in memory
};

void PriorParameters::check_fit() const {
  const int64_t scale = generator_.scale;
  if (generator_.image_channels != image_.c) {
    refuse(kGeneratorKey, fmt::format("'{}' draws {} channels, but the model reads {}", keys_.generator.name,
                                      generator_.image_channels, image_.c));
  }
  if (image_.h % scale != 0 || image_.w % scale != 0) {
    refuse("/size", fmt::format("'{}' draws {} x {} pixels for each position of its code, and so no image of {} x {}; "
                                "the nearest is {} x {}",
                                keys_.generator.name, scale, scale, image_.h, image_.w,
                                nearest_multiple(image_.h, scale), nearest_multiple(image_.w, scale)));
  }
}

// The model's name of the layer that the generator's file names with '_' for '/'.
std::string PriorParameters::encoder_layer(const Model& model) const {
  const std::string& wanted = generator_.encoder.layer;
  if (wanted.empty()) refuse(kPhotoKey, fmt::format("'{}' has no encoder for photographs", keys_.generator.name));
  for (const Layer& layer : model.layers) {
    std::string name = layer.name;
    std::replace(name.begin(), name.end(), '/', '_');
    if (name == wanted) return layer.name;
  }
  refuse(kPhotoKey, fmt::format("'{}' encodes photographs from the layer '{}', which the model '{}' does not have",
                                keys_.generator.name, wanted, model.name));
}

std::vector<float> PriorParameters::mean_code() const {
  const Shape shape = code().shape;
  std::vector<float> mean;
  for (int64_t position = 0; position < shape.h * shape.w; ++position)
    mean.insert(mean.end(), generator_.code_mean.begin(), generator_.code_mean.end());
  return mean;
}

std::vector<float> PriorParameters::photo_code(const Model& model, Backend& backend) const {
  const std::string layer = encoder_layer(model);
  const std::string photo = find_photograph(keys_.photo, fmt::format("{}: {}", file_, kPhotoKey));
  const HostTensor features = photo_features(model, layer, photo, image_.h, image_.w, backend);
  const Shape wanted = code().shape;
  const std::vector<int64_t> dims{1, std::ssize(generator_.encoder.mean), wanted.h, wanted.w};
  if (features.dims != dims) {
    refuse(kPhotoKey, fmt::format("'{}' of the model is {}, but '{}' makes codes from {}", layer,
                                  fmt::join(features.dims, "x"), keys_.generator.name, fmt::join(dims, "x")));
  }
  return encode(generator_.encoder, features);
}

std::vector<float> PriorParameters::drawn_start(size_t /*parameter*/, std::span<const DrawKey> keys) const {
  std::vector<float> codes;
  for (const DrawKey& key : keys) {
    std::vector<float> code(centre_.size());
    draw_normal(key, DrawPurpose::initial_code, keys_.start_deviation(), code);
    for (size_t i = 0; i < code.size(); ++i)
      codes.push_back(centre_[i] + generator_.code_std[i % generator_.code_std.size()] * code[i]);
  }
  return codes;
}

class PriorImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "prior";

  explicit PriorImage(PriorKeys keys) : keys_(std::move(keys)) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] bool has_alpha() const override { return false; }
  [[nodiscard]] bool takes_a_picture() const override { return false; }
  [[nodiscard]] bool draws_own_colours() const override { return true; }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<PriorParameters>(keys_, context);
  }

 private:
  PriorKeys keys_;
};

}  // namespace

ParameterizationRow prior_image() {
  return parameterization_row<PriorImage, PriorKeys>(
      "The code of a generator, which draws the image and its colours: a learned prior. The image's sides are "
      "multiples of the "
      "generator's scale, 16 for the one that comes with phosphene.",
      {key("generator", &PriorKeys::generator, file("prior_generator", FileKind::model),
           "A phosphene-generator-1 file, by path or by name, found like a model.")
           .by_default("\"prior_generator\""),
       key_read_by<PriorKeys>(
           "sd", number(0, 100),
           fmt::format(
               "Standard deviation of the start, in those of the codes. Default: {} around their mean, 0 around "
               "the code of a photograph.",
               kDeviationAroundMean),
           [](double sd, PriorKeys& into) { into.sd = sd; }),
       key("norm", &PriorKeys::norm, number(1e-3, 1e6),
           "The largest L2 norm that the vector at a position may have; a longer one is scaled back after each step."),
       key("from", &PriorKeys::photo, file("photo.jpg", FileKind::photograph),
           "A photograph whose code is the start. Default: the mean of all codes.")});
}

}  // namespace phosphene
