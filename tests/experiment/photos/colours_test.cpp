#include <gtest/gtest.h>
#include <lcms2.h>
#include <zlib.h>

#include <cstdlib>

#include "experiment/photos/photo_file.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::colours_test {
namespace {

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::strtol(digits.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

std::string golden_file(const std::string& name) {
  static const nlohmann::json table = golden_table("photos");
  return from_hex(golden_case(table, name)["file"]);
}

// Little CMS of another version, and the formulas: either rounds to the nearest of 8 bits, after sums in 1.14 fixed point, so that
// neighbours may change places: 1. With alpha a rounding before the composition adds as much: 2. What is not converted is exact: 0.
TEST(Colours, AreThoseOfTheFormulasAndOfPillow) {
  const nlohmann::json table = golden_table("photos");
  const TemporaryFolder folder;
  EXPECT_GE(table["cases"].size(), 29U);
  for (const nlohmann::json& one : table["cases"]) {
    SCOPED_TRACE(one["name"].get<std::string>());
    const Photo photo = read_photo(folder.write("picture", from_hex(one["file"])));
    const std::string expected = from_hex(one["rgb"]);
    ASSERT_EQ(photo.height, one["height"]);
    ASSERT_EQ(photo.width, one["width"]);
    ASSERT_EQ(photo.rgb.size(), expected.size());
    int worst = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      worst = std::max(worst, std::abs(int{photo.rgb[i]} - int{static_cast<unsigned char>(expected[i])}));
    EXPECT_LE(worst, one["tolerance"].get<int>());
  }
}

// The file with this segment behind its first two bytes.
std::string with_profile(const std::string& jpeg, const std::string& profile, int part = 1, int parts = 1) {
  const std::string body =
      std::string("ICC_PROFILE\0", 12) + static_cast<char>(part) + static_cast<char>(parts) + profile;
  const size_t length = body.size() + 2;
  return jpeg.substr(0, 2) + "\xff\xe2" + static_cast<char>(length >> 8U) + static_cast<char>(length & 255U) + body +
         jpeg.substr(2);
}

std::string profile_of(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  std::string bytes(size, '\0');
  cmsSaveProfileToMem(profile, bytes.data(), &size);
  cmsCloseProfile(profile);
  return bytes;
}

TEST(Colours, AProfileThatCannotBeUsedIsRefused) {
  const TemporaryFolder folder;
  const std::string jpeg = golden_file("jpeg_progressive");
  const auto refused = [&](const std::string& contents, const std::vector<std::string>& words) {
    EXPECT_TRUE(refuses([&] { (void)read_photo(folder.write("x.jpg", contents)); }, words));
  };
  refused(with_profile(jpeg, "no profile at all"), {"x.jpg", "ICC colour profile is broken", "exiftool"});
  refused(with_profile(jpeg, "half", 1, 2), {"ICC colour profile is broken"});
  cmsToneCurve* curve = cmsBuildGamma(nullptr, 2.2);
  const std::string gray = profile_of(cmsCreateGrayProfile(cmsD50_xyY(), curve));
  cmsFreeToneCurve(curve);
  refused(with_profile(jpeg, gray), {"for gray pictures", "this one is RGB"});
  refused(with_profile(jpeg, profile_of(cmsCreateLab2Profile(nullptr))), {"ICC colour profile"});
  const std::string srgb = profile_of(cmsCreate_sRGBProfile());
  refused(with_profile(golden_file("jpeg_cmyk"), srgb.substr(0, 200), 1, 1), {"ICC colour profile"});
  EXPECT_EQ(read_photo(folder.write("x.jpg", with_profile(jpeg, srgb))).rgb,
            read_photo(folder.write("x.jpg", jpeg)).rgb)
      << "sRGB's own profile changes nothing";
  for (size_t size = 0; size < srgb.size(); size += 97) {  // ends with an Error or reads, whatever is missing
    try {
      (void)read_photo(folder.write("x.jpg", with_profile(jpeg, srgb.substr(0, size))));
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::user) << error.what();
    }
  }
}

// The PNG with a chunk behind its header.
std::string with_chunk(const std::string& png, const std::string& type, const std::string& body) {
  const auto number = [](uint32_t value) {
    std::string bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift & 255U);
    return bytes;
  };
  const std::string checked = type + body;
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size())));
  return png.substr(0, 33) + number(static_cast<uint32_t>(body.size())) + checked + number(crc) + png.substr(33);
}

TEST(Colours, OfAPngThatMeanNothingAreRefused) {
  const TemporaryFolder folder;
  const std::string png = golden_file("png_16_bit");
  const auto refused = [&](const std::string& type, const std::string& body, const std::vector<std::string>& words) {
    EXPECT_TRUE(refuses([&] { (void)read_photo(folder.write("x.png", with_chunk(png, type, body))); }, words));
  };
  refused("cICP", std::string("\x09\x10\0\x01", 4), {"x.png", "cICP 9-16-0-1", "sRGB"});
  refused("gAMA", std::string(4, '\0'), {"gamma is 0"});
  refused("gAMA", "abc", {"'gAMA' has 3 bytes; expected 4"});
  refused("cHRM", std::string(32, '\0'), {"chromaticities"});
  refused("iCCP", "name without an end", {"iCCP", "no name"});
  refused("iCCP", std::string("name\0\0packed wrongly", 20), {"iCCP", "inflated"});
  refused("ABCD", "?", {"chunk 'ABCD' is unknown"});
  EXPECT_EQ(read_photo(folder.write("x.png", with_chunk(png, "teXt", "hello"))).rgb,
            read_photo(folder.write("x.png", png)).rgb);
}

}  // namespace
}  // namespace phosphene::testing::colours_test
