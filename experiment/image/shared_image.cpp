// A spectrum of each image beside levels of low resolution that the images of a group share, which aligns them (A.
// Mordvintsev et al., "Differentiable Image Parameterizations", Distill 2018).
#include "experiment/image/parameterization_list.h"
#include "experiment/image/start_deviation.h"
#include "layers/image/fourier_image.h"
#include "layers/image/upsample.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

struct SharedLevel {
  int64_t images = 1;   // tensors: interpolated between the images of the group where there are fewer
  int64_t divisor = 2;  // of the image's size
  bool offset = false;  // shifted by half of what it is enlarged by
};

struct SharedKeys {
  double decay_power = 1;
  std::optional<double> sd;
  std::optional<std::vector<SharedLevel>> levels;
};

// The article's levels, as far as the group has images for them (its notebook on aligned interpolation: 64 to 8 pixels
// for images of 128).
std::vector<SharedLevel> default_levels(int64_t images) {
  std::vector<SharedLevel> levels = {{1, 2}, {1, 4}, {1, 8}, {2, 8}, {1, 16}, {2, 16}};
  std::erase_if(levels, [images](const SharedLevel& level) { return level.images > images; });
  return levels;
}

class SharedParameters final : public ImageParameters {
 public:
  SharedParameters(const SharedKeys& keys, const ImageContext& context)
      : image_(context.image),
        images_(context.images),
        spectrum_{image_.n, image_.c, image_.h, image_.w, keys.decay_power},
        sd_(keys.sd.value_or(kStartDeviation)) {
    add_parameter(spectrum_.spectrum());
    for (const SharedLevel& level : keys.levels.value_or(default_levels(images_))) {
      const UpsampleLevelShape shape{.tensors = level.images, .divisor = level.divisor};
      levels_.push_back(level.offset ? with_half_offsets(image_, images_, shape) : shape);
      add_parameter(level_info(image_, images_, levels_.back()), true);
    }
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId picture) const override {
    std::vector<ValueId> parts = {append_fourier_image(graph, spectrum_, states[0])};
    for (size_t level = 0; level < levels_.size(); ++level)
      parts.push_back(append_upsampled(graph, image_, images_, levels_[level], states[1 + level]));
    return append_change(graph, picture, std::move(parts));
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, std::span<const DrawKey> keys) const override {
    if (parameter == 0) return initial_spectrum(spectrum_, keys, sd_);
    return initial_level(parameters()[parameter].info, keys, DrawPurpose::initial_shared_levels,
                         static_cast<uint32_t>(parameter - 1), sd_);
  }

 private:
  Shape image_;
  int64_t images_;
  FourierParameterization spectrum_;
  double sd_;
  std::vector<UpsampleLevelShape> levels_;
};

class SharedImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "shared";

  explicit SharedImage(SharedKeys keys) : keys_(std::move(keys)) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] ParameterizationPtr starting_at_the_picture() const override {
    return std::make_shared<SharedImage>(at_the_picture(keys_));
  }
  void check_group(int64_t images, const std::string& place) const override {
    for (size_t i = 0; keys_.levels && i < keys_.levels->size(); ++i) {
      const int64_t tensors = (*keys_.levels)[i].images;
      if (tensors > images) {
        fail(fmt::format("{}/{}/levels/{}/images", place, kKind, i),
             "expected at most {}, the images of a group, got {}", images, tensors);
      }
    }
  }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<SharedParameters>(keys_, context);
  }

 private:
  SharedKeys keys_;
};

Value<std::vector<SharedLevel>> levels_value() {
  const Object<SharedLevel> level(
      "A level that the images of a group share.",
      {key("images", &SharedLevel::images, integer(1, kMaxImages),
           "How many tensors the level has, at most one for each image of the group; images between them are "
           "interpolated."),
       key("divisor", &SharedLevel::divisor, integer(1, kMaxSide),
           "The level has the image's height and width, divided by this.")
           .required(),
       key("offset", &SharedLevel::offset, boolean(), "Shift the level by half of its enlargement factor.")});
  return list(level.value());
}

}  // namespace

ParameterizationRow shared_image() {
  return parameterization_row<SharedImage, SharedKeys>(
      "The Fourier spectrum of each image, and levels of low resolution that the images of a group share, which aligns "
      "them.",
      {key("decay_power", &SharedKeys::decay_power, number(0, 10),
           "Each coefficient of a spectrum is divided by its frequency to this power."),
       sd_key<SharedKeys>(),
       key("levels", &SharedKeys::levels, levels_value(),
           "The shared levels. Default: divisors 2, 4, 8 and 16 with one tensor each; in a group of two images or "
           "more, 8 and 16 "
           "with two tensors as well.")});
}

}  // namespace phosphene
