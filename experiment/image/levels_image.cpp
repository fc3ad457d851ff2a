// The levels of a Laplacian pyramid of each image (layers/image/upsample.h).
#include "experiment/image/parameterization_list.h"
#include "experiment/image/start_deviation.h"
#include "layers/image/upsample.h"

namespace phosphene {
namespace {

struct LevelsKeys {
  int64_t levels = 4;
  std::optional<double> sd;
};

class LevelsParameters final : public ImageParameters {
 public:
  LevelsParameters(const LevelsKeys& keys, const ImageContext& context)
      : image_(context.image), sd_(keys.sd.value_or(kStartDeviation)) {
    for (int64_t level = 0; level < keys.levels; ++level) {
      levels_.push_back({.tensors = 1, .divisor = int64_t{1} << level});
      add_parameter(level_info(image_, 1, levels_.back()));
    }
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId picture) const override {
    std::vector<ValueId> upsampled;
    for (size_t level = 0; level < levels_.size(); ++level)
      upsampled.push_back(append_upsampled(graph, image_, 1, levels_[level], states[level]));
    return append_change(graph, picture, std::move(upsampled));
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t parameter, std::span<const DrawKey> keys) const override {
    return initial_level(parameters()[parameter].info, keys, DrawPurpose::initial_levels,
                         static_cast<uint32_t>(parameter), sd_);
  }

 private:
  Shape image_;
  double sd_;
  std::vector<UpsampleLevelShape> levels_;
};

class LevelsImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "laplacian_pyramid";

  explicit LevelsImage(const LevelsKeys& keys) : keys_(keys) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] ParameterizationPtr starting_at_the_picture() const override {
    return std::make_shared<LevelsImage>(at_the_picture(keys_));
  }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<LevelsParameters>(keys_, context);
  }

 private:
  LevelsKeys keys_;
};

}  // namespace

ParameterizationRow levels_image() {
  return parameterization_row<LevelsImage, LevelsKeys>(
      "The levels of a Laplacian pyramid: the image is their sum, and each has half the size of the one before.",
      {key("levels", &LevelsKeys::levels, integer(1, 14), "How many levels there are."), sd_key<LevelsKeys>()});
}

}  // namespace phosphene
