#include "experiment/image/image.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace phosphene::testing::image_test {
namespace {

ImageSettings read(const std::string& text) {
  const Json json = Json::parse(text);
  const JsonReader reader(json, "x.json", "", "folder");
  ImageSettings image;
  image.file = "x.json";
  image.images = json.value("images", int64_t{1});
  if (reader.has("parameterization"))
    image.parameterization = parameterization_value().read(reader.at("parameterization"));
  if (reader.has("colour")) image.colour = colour_value().read(reader.at("colour"));
  if (reader.has("transparency")) image.transparency = transparency_value().read(reader.at("transparency"));
  if (reader.has("initial")) image.initial = reader.at("initial").file_name();
  check_image(reader, image);
  return image;
}

::testing::AssertionResult refused(const std::string& text, const std::string& pointer, const std::string& words) {
  return refuses([&] { read(text); }, {"x.json: " + pointer + ": ", words});
}

TEST(ImageSettings, TellAPhotographFromNumbers) {
  EXPECT_FALSE(read("{}").changes_a_picture());
  const ImageSettings photo = read(R"({"initial": "a.png"})"), numbers = read(R"({"initial": "a.safetensors"})");
  EXPECT_TRUE(photo.starts_from_photo());
  EXPECT_TRUE(photo.changes_a_picture());
  EXPECT_EQ(photo.initial.path(), "folder/a.png");
  EXPECT_FALSE(numbers.starts_from_photo());
  EXPECT_FALSE(numbers.changes_a_picture());
  ImageSettings later;
  later.takes_over = true;
  EXPECT_TRUE(later.changes_a_picture());
}

TEST(ImageSettings, DecorrelateThreeChannels) {
  EXPECT_TRUE(decorrelated(read("{}"), 3));
  EXPECT_FALSE(decorrelated(read("{}"), 1));
  EXPECT_FALSE(decorrelated(read(R"({"parameterization": {"cppn": {}}})"), 3));
  EXPECT_TRUE(decorrelated(read(R"({"parameterization": {"cppn": {}}, "colour": "decorrelated"})"), 3));
  EXPECT_TRUE(decorrelated(read(R"({"colour": "clipped"})"), 3));
  EXPECT_TRUE(decorrelated(read(R"({"colour": "clipped"})"), 1)) << "which is refused once the network is known";
  EXPECT_FALSE(decorrelated(read(R"({"colour": "plain"})"), 3));
  EXPECT_TRUE(refused(R"({"colour": "automatic"})", "/colour", "expected one of decorrelated, plain, clipped"));
}

TEST(ImageSettings, HaveTransparency) {
  EXPECT_FALSE(read("{}").transparency.has_value());
  const Transparency plain = *read(R"({"transparency": {}})").transparency;
  EXPECT_TRUE(plain.gamma);
  EXPECT_EQ(plain.background.sd, 0.2);
  EXPECT_EQ(plain.background.decay_power, 1.5);
  const Transparency given =
      *read(R"({"transparency": {"gamma": false, "background": {"sd": 100, "decay_power": 0}}})").transparency;
  EXPECT_FALSE(given.gamma);
  EXPECT_EQ(given.background.sd, 100);
  EXPECT_EQ(given.background.decay_power, 0);
  EXPECT_TRUE(refused(R"({"transparency": true})", "/transparency", "expected an object"));
  EXPECT_TRUE(refused(R"({"transparency": {"sd": 1}})", "/transparency", "unknown key 'sd'"));
  EXPECT_TRUE(refused(R"({"transparency": {"background": {"sd": 101}}})", "/transparency/background/sd", "to 100"));
  EXPECT_TRUE(refused(R"({"transparency": {"background": {"decay_power": 11}}})",
                      "/transparency/background/decay_power", "to 10"));
}

TEST(ImageSettings, RefuseWhatDoesNotGoTogether) {
  for (const std::string& kind : {std::string("cppn"), std::string("prior")}) {
    SCOPED_TRACE(kind);
    const std::string with = R"({"parameterization": {")" + kind + R"(": {}}, )";
    EXPECT_TRUE(refused(with + R"("transparency": {}})", "/transparency", "'" + kind + "' makes no alpha channel"));
    EXPECT_TRUE(refused(with + R"("initial": "a.png"})", "/initial", "cannot start from a photograph"));
    EXPECT_TRUE(refused(with + R"("initial": "a.safetensors"})", "/initial", "cannot start from a safetensors file"));
  }
  for (const std::string& kind : {std::string("laplacian_pyramid"), std::string("shared")}) {
    SCOPED_TRACE(kind);
    const std::string with = R"({"parameterization": {")" + kind + R"(": {}}, )";
    EXPECT_NO_THROW(read(with + R"("initial": "a.png"})"));
    EXPECT_TRUE(refused(with + R"("initial": "a.safetensors"})", "/initial", "cannot start from a safetensors file"));
  }
  EXPECT_TRUE(refused(R"({"parameterization": {"prior": {}}, "colour": "plain"})", "/colour", "its own colours"));
  EXPECT_TRUE(refused(R"({"transparency": {}, "initial": "a.png"})", "/transparency", "a photograph has no alpha"));
  EXPECT_NO_THROW(read(R"({"transparency": {}, "initial": "a.safetensors"})"));
  EXPECT_TRUE(refused(R"({"images": 2, "parameterization": {"shared": {"levels": [{"images": 3, "divisor": 2}]}}})",
                      "/parameterization/shared/levels/0/images", "at most 2"));
}

}  // namespace
}  // namespace phosphene::testing::image_test
