// The pixel parameterization: the image before colour itself.
#include "layers/image/pixel_image.h"

#include "experiment/image/parameterization_list.h"
#include "experiment/image/start_deviation.h"
#include "experiment/image/start_file.h"

namespace phosphene {
namespace {

struct PixelKeys {
  std::optional<double> sd;
};

class PixelParameters final : public ImageParameters {
 public:
  PixelParameters(const PixelKeys& keys, const ImageContext& context)
      : image_(context.image), sd_(keys.sd.value_or(kStartDeviation)), images_(context.images) {
    add_parameter({image_, Layout::planar, DType::f32});
  }

  ValueId append(Graph& graph, std::span<const ValueId> states, ValueId picture) const override {
    return append_change(graph, picture, {states[0]});
  }

  [[nodiscard]] std::vector<float> drawn_start(size_t /*parameter*/, std::span<const DrawKey> keys) const override {
    return initial_pixels(image_, keys, sd_);
  }

  [[nodiscard]] std::vector<float> read_start(const std::string& path,
                                              std::span<const BatchImage> batch_images) const override {
    return read_start_file({path, {"pixels"}, image_.c, image_.h * image_.w, images_}, batch_images);
  }

 private:
  Shape image_;
  double sd_;
  int64_t images_;
};

class PixelImage final : public Parameterization {
 public:
  static constexpr const char* kKind = "pixel";

  explicit PixelImage(const PixelKeys& keys) : keys_(keys) {}
  [[nodiscard]] const char* kind() const override { return kKind; }
  [[nodiscard]] bool starts_from_a_file() const override { return true; }
  [[nodiscard]] ParameterizationPtr starting_at_the_picture() const override {
    return std::make_shared<PixelImage>(at_the_picture(keys_));
  }
  [[nodiscard]] std::unique_ptr<ImageParameters> make(const ImageContext& context) const override {
    return std::make_unique<PixelParameters>(keys_, context);
  }

 private:
  PixelKeys keys_;
};

}  // namespace

ParameterizationRow pixel_image() {
  return parameterization_row<PixelImage, PixelKeys>("The pixels of each image, before colour and sigmoid.",
                                                     {sd_key<PixelKeys>()});
}

}  // namespace phosphene
