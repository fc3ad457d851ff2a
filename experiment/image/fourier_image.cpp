// The Fourier parameterization: a half spectrum of each image (layers/image/fourier_image.h).
#include "layers/image/fourier_image.h"

#include "experiment/image/parameterization_list.h"
#include "experiment/image/start_deviation.h"
#include "experiment/image/start_file.h"

namespace phosphene {
namespace {

struct FourierKeys {
  double decay_power = 1;
  std::optional<double> sd;
};

class FourierParameters final : public ImageParameters {
 public:
  FourierParameters(const FourierKeys& keys, const ImageContext& context)
      : spectrum_{context.image.n, context.image.c, context.image.h, context.image.w, keys.decay_power},
        sd_(keys.sd.value_or(kStartDeviation)),
        images_(context.images) {
    add_parameter(spectrum_.spectrum());
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId picture) const override {
    return append_change(graph, picture, {append_fourier_image(graph, spectrum_, states[0])});
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t /*parameter*/, std::span<const DrawKey> keys) const override {
    return initial_spectrum(spectrum_, keys, sd_);
  }

  [[nodiscard]] std::vector<float> read_start(const std::string& path,
                                              std::span<const BatchImage> batch_images) const override {
    return read_start_file({path, {"re", "im"}, spectrum_.c, spectrum_.h * spectrum_.columns(), images_}, batch_images);
  }

 private:
  FourierParameterization spectrum_;
  double sd_;
  int64_t images_;
};

class FourierImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "fourier";

  explicit FourierImage(const FourierKeys& keys) : keys_(keys) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] bool starts_from_a_file() const override { return true; }
  [[nodiscard]] bool has_spectrum() const override { return true; }
  [[nodiscard]] ParameterizationPtr starting_at_the_picture() const override {
    return std::make_shared<FourierImage>(at_the_picture(keys_));
  }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<FourierParameters>(keys_, context);
  }

 private:
  FourierKeys keys_;
};

}  // namespace

ParameterizationRow fourier_image() {
  return parameterization_row<FourierImage, FourierKeys>(
      "The Fourier spectrum of each image.", {key("decay_power", &FourierKeys::decay_power, number(0, 10),
                                                  "Each coefficient is divided by its frequency to this power."),
                                              sd_key<FourierKeys>()});
}

}  // namespace phosphene
