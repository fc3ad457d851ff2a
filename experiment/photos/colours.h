// The colours of a picture as sRGB, which is what networks were trained on: by its ICC profile, or by a PNG's gamma and chromaticities.
//
// Conversions are Little CMS's, relative colorimetric with black point compensation, from the picture's bytes straight to sRGB's, in one
// thread. A description that moves no colour by more than one of 255 levels is sRGB's own, and changes nothing: the bytes stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace phosphene {

// How the pixels lie that are converted. Of rgb and rgba a gray picture has its gray in each of the first three.
enum class PixelLayout {
  rgb8,
  cmyk8,
  inverted_cmyk8,  // 255 - ink, as Adobe writes JPEGs
  rgba16           // alpha is left out
};

// As PNG's chunk cHRM has them: x and y of white, red, green, blue.
struct Chromaticities {
  double white_x = 0.3127, white_y = 0.3290;
  double red_x = 0.64, red_y = 0.33, green_x = 0.30, green_y = 0.60, blue_x = 0.15, blue_y = 0.06;
};

class Colours {
 public:
  // Those of an ICC profile in the picture at `path`, which is gray or not. A gray picture may have a profile for colours. Throws one
  // line for a profile that cannot be read or belongs to another kind of picture.
  static Colours of_profile(const std::string& path, std::span<const std::byte> profile, PixelLayout layout, bool gray);
  // light = value^gamma, or sRGB's curve without a gamma. Throws for what no display can be.
  static Colours of_display(const std::string& path, std::optional<double> gamma, const Chromaticities& chromaticities,
                            PixelLayout layout, bool gray);

  [[nodiscard]] bool are_srgb() const { return are_srgb_; }
  // `count` pixels as three bytes each.
  void convert(const void* pixels, uint8_t* rgb, size_t count) const;

 private:
  struct Profile;
  Colours(const std::string& path, const Profile& from, PixelLayout layout);
  [[nodiscard]] bool find_srgb(PixelLayout layout, bool only_grays) const;

  std::shared_ptr<void> transform_;  // of lcms2.h, which only colours.cpp knows
  bool are_srgb_ = false;
};

}  // namespace phosphene
