// MaCo: the phase of a spectrum whose magnitude is that of photographs and stays (layers/image/phase_image.h).
#include "experiment/image/magnitude.h"
#include "experiment/image/parameterization_list.h"
#include "layers/image/phase_image.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// Phases are numbers of about 1, where coefficients of a spectrum are of about .01: Adam's rate of .05 becomes 1, the authors'.
constexpr double kRateFactor = 20;

struct MacoKeys {
  NamedFile magnitude;  // without one: default_magnitude
};

Magnitude magnitude_of(const MacoKeys& keys, const Shape& image, const std::string& config_file) {
  if (keys.magnitude.empty()) return default_magnitude(image.c, image.h, image.w);
  const std::string place = config_file + ": /parameterization/maco/magnitude";
  const Magnitude magnitude = at_place(place, [&] { return read_magnitude(keys.magnitude.path()); });
  if (magnitude.c != image.c)
    fail(place, "'{}' is of {} channels, and the network reads {}", keys.magnitude.name, magnitude.c, image.c);
  return resized(magnitude, image.h, image.w);
}

class MacoParameters final : public ImageParameters {
 public:
  MacoParameters(const MacoKeys& keys, const ImageContext& context)
      : phase_{context.image.n, context.image.c, context.image.h, context.image.w},
        magnitude_(magnitude_of(keys, context.image, context.file)) {
    add_parameter(phase_.phase());
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId /*picture*/) const override {
    return append_phase_image(graph, phase_, magnitude_.numbers, states[0]);
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t /*parameter*/, std::span<const DrawKey> keys) const override {
    return initial_phase(phase_, keys);
  }

 private:
  PhaseParameterization phase_;
  Magnitude magnitude_;
};

class MacoImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "maco";

  explicit MacoImage(MacoKeys keys) : keys_(std::move(keys)) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] double optimiser_rate_factor() const override { return kRateFactor; }
  [[nodiscard]] bool has_alpha() const override { return false; }
  [[nodiscard]] bool takes_a_picture() const override { return false; }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<MacoParameters>(keys_, context);
  }

 private:
  MacoKeys keys_;
};

}  // namespace

ParameterizationRow maco_image() {
  return parameterization_row<MacoImage, MacoKeys>(
      "MaCo: the phases of each image's spectrum, whose magnitudes are those of photographs and stay. Learning rates "
      "are "
      "twenty times the other parameterizations' by default. It goes with transforms that show small parts of the "
      "image.",
      {key("magnitude", &MacoKeys::magnitude, file("magnitude.safetensors"),
           "A safetensors file with `magnitude`, from `phosphene spectrum`. Default: a formula that fits "
           "photographs.")});
}

}  // namespace phosphene
