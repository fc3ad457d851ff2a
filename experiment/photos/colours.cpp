#include "experiment/photos/colours.h"

#include <lcms2.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "runtime/error.h"

namespace phosphene {

struct Colours::Profile {
  explicit Profile(cmsHPROFILE opened)
      : handle(opened, [](void* profile) {
          if (profile != nullptr) cmsCloseProfile(profile);
        }) {}

  [[nodiscard]] bool is_open() const { return handle != nullptr; }
  [[nodiscard]] cmsColorSpaceSignature space() const { return cmsGetColorSpace(handle.get()); }

  std::shared_ptr<void> handle;
};

namespace {

const char* name_of(cmsColorSpaceSignature space) {
  switch (space) {
    case cmsSigGrayData:
      return "gray";
    case cmsSigRgbData:
      return "RGB";
    case cmsSigCmykData:
      return "CMYK";
    default:
      return "another kind of";
  }
}

// Little CMS's description of pixels in a layout. What the profile does not use of a pixel it passes over.
cmsUInt32Number format_of(PixelLayout layout, cmsColorSpaceSignature space) {
  const bool four = layout != PixelLayout::rgb8, wide = layout == PixelLayout::rgba16;
  const cmsUInt32Number used = space == cmsSigGrayData ? 1 : space == cmsSigRgbData ? 3 : 4;
  const cmsUInt32Number kind = space == cmsSigGrayData ? PT_GRAY : space == cmsSigRgbData ? PT_RGB : PT_CMYK;
  return COLORSPACE_SH(kind) | CHANNELS_SH(used) | EXTRA_SH((four ? 4 : 3) - used) | BYTES_SH(wide ? 2 : 1) |
         FLAVOR_SH(layout == PixelLayout::inverted_cmyk8 ? 1 : 0);
}

[[noreturn]] void refuse_profile(const std::string& path, const std::string& why) {
  fail(path, "its ICC colour profile {}; without it (exiftool -icc_profile= FILE) the picture would count as sRGB",
       why);
}

cmsToneCurve* curve_of(std::optional<double> gamma) {
  if (gamma) return cmsBuildGamma(nullptr, *gamma);
  const std::array<cmsFloat64Number, 5> srgb{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
  return cmsBuildParametricToneCurve(nullptr, 4, srgb.data());
}

}  // namespace

Colours Colours::of_profile(const std::string& path, std::span<const std::byte> profile, PixelLayout layout,
                            bool gray) {
  const Profile opened(cmsOpenProfileFromMem(profile.data(), static_cast<cmsUInt32Number>(profile.size())));
  if (!opened.is_open()) refuse_profile(path, "is broken");
  const bool inks = layout == PixelLayout::cmyk8 || layout == PixelLayout::inverted_cmyk8;
  const cmsColorSpaceSignature space = opened.space();
  if (inks ? space != cmsSigCmykData : space != cmsSigRgbData && !(gray && space == cmsSigGrayData)) {
    refuse_profile(path, fmt::format("is for {} pictures, but this one is {}", name_of(space),
                                     inks   ? "CMYK"
                                     : gray ? "gray"
                                            : "RGB"));
  }
  return {path, opened, layout};
}

Colours Colours::of_display(const std::string& path, std::optional<double> gamma, const Chromaticities& chromaticities,
                            PixelLayout layout, bool gray) {
  const Chromaticities& c = chromaticities;
  const cmsCIExyY white{c.white_x, c.white_y, 1};
  const cmsCIExyYTRIPLE primaries{{c.red_x, c.red_y, 1}, {c.green_x, c.green_y, 1}, {c.blue_x, c.blue_y, 1}};
  const std::shared_ptr<cmsToneCurve> curve(curve_of(gamma), [](cmsToneCurve* built) {
    if (built != nullptr) cmsFreeToneCurve(built);
  });
  if (curve == nullptr) fail(path, "its gamma cannot be: light is value to the {:g}", *gamma);
  const std::array<cmsToneCurve*, 3> curves{curve.get(), curve.get(), curve.get()};
  // Gray stays gray to the byte whatever its white.
  const Profile display(gray ? cmsCreateGrayProfile(cmsD50_xyY(), curve.get())
                             : cmsCreateRGBProfile(&white, &primaries, curves.data()));
  if (!display.is_open()) fail(path, "its chromaticities (cHRM) cannot be those of a display");
  return {path, display, layout};
}

Colours::Colours(const std::string& path, const Profile& from, PixelLayout layout) {
  const Profile srgb(cmsCreate_sRGBProfile());
  // Faster, coarser ways that Little CMS has for 16 bits lose the dark values of a linear picture.
  const cmsUInt32Number exact = layout == PixelLayout::rgba16 ? cmsFLAGS_NOOPTIMIZE : 0;
  transform_ = {cmsCreateTransform(from.handle.get(), format_of(layout, from.space()), srgb.handle.get(), TYPE_RGB_8,
                                   INTENT_RELATIVE_COLORIMETRIC, cmsFLAGS_BLACKPOINTCOMPENSATION | exact),
                [](void* transform) {
                  if (transform != nullptr) cmsDeleteTransform(transform);
                }};
  if (transform_ == nullptr) refuse_profile(path, "cannot be used: it lacks what a conversion needs");
  are_srgb_ = find_srgb(layout, from.space() == cmsSigGrayData);
}

// Whether a grid of colours, grays among them, comes out as it went in.
bool Colours::find_srgb(PixelLayout layout, bool only_grays) const {
  if (layout != PixelLayout::rgb8 && layout != PixelLayout::rgba16) return false;
  constexpr int kSteps = 18, kStep = 255 / (kSteps - 1);
  std::vector<uint8_t> colours;
  for (int value = 0; value < 256; ++value) colours.insert(colours.end(), 3, static_cast<uint8_t>(value));
  for (int i = 0; i < kSteps * kSteps * kSteps && !only_grays; ++i) {
    for (const int digit : {i / kSteps / kSteps, i / kSteps % kSteps, i % kSteps})
      colours.push_back(static_cast<uint8_t>(digit * kStep));
  }
  std::vector<uint16_t> wide;
  for (size_t i = 0; i < colours.size(); ++i) {
    wide.push_back(static_cast<uint16_t>(257 * colours[i]));
    if (i % 3 == 2) wide.push_back(0xffff);
  }
  std::vector<uint8_t> converted(colours.size());
  const bool eight = layout == PixelLayout::rgb8;
  convert(eight ? static_cast<const void*>(colours.data()) : wide.data(), converted.data(), colours.size() / 3);
  return std::equal(colours.begin(), colours.end(), converted.begin(),
                    [](int before, int after) { return std::abs(before - after) <= 1; });
}

void Colours::convert(const void* pixels, uint8_t* rgb, size_t count) const {
  cmsDoTransform(transform_.get(), pixels, rgb, static_cast<cmsUInt32Number>(count));
}

}  // namespace phosphene
