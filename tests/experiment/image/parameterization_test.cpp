#include "experiment/image/parameterization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/image/image.h"
#include "experiment/image/parameterization_list.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::parameterization_test {
namespace {

ParameterizationPtr read(const std::string& text) {
  const Json json = Json::parse(text);
  return parameterization_value().read(JsonReader(json, "x.json", "/parameterization"));
}

::testing::AssertionResult refused(const std::string& text, const std::string& pointer, const std::string& words) {
  return refuses([&] { read(text); }, {"x.json: /parameterization" + pointer + ": ", words});
}

class Parameterizations : public ::testing::Test {
 protected:
  std::unique_ptr<ImageParameters> make(const Parameterization& parameterization, int64_t images = 1,
                                        const Shape& image = {2, 3, 64, 48}) {
    return parameterization.make({image, images, "x.json", model_, *backend_});
  }
  std::unique_ptr<ImageParameters> make(const std::string& text, int64_t images = 1) {
    return make(*read(text), images);
  }
  // Of the first parameter, or another, of two images.
  std::vector<float> start(const Parameterization& parameterization, size_t parameter = 0) {
    const std::vector<DrawKey> keys = {{7, 0}, {8, 0}};
    return make(parameterization)->drawn_start(parameter, keys);
  }

  Model model_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend(1);
};

double deviation(const std::vector<float>& numbers) {
  double squares = 0;
  for (const float number : numbers) squares += static_cast<double>(number) * number;
  return std::sqrt(squares / static_cast<double>(numbers.size()));
}

TEST_F(Parameterizations, AreFourierByDefault) {
  EXPECT_STREQ(default_parameterization()->kind(), "fourier");
  EXPECT_STREQ(ImageSettings{}.parameterization->kind(), "fourier");
  EXPECT_TRUE(same_bits(start(*default_parameterization()), start(*read(R"({"fourier": {"decay_power": 1}})"))));
}

TEST_F(Parameterizations, SayWhatTheyCanDo) {
  struct Traits {
    const char* kind;
    bool alpha, picture, file, spectrum, own_colours, plain;
    double rate;
  };
  const std::vector<Traits> all = {
      {"fourier", true, true, true, true, false, false, 1},
      {"pixel", true, true, true, false, false, false, 1},
      {"laplacian_pyramid", true, true, false, false, false, false, 1},
      {"shared", true, true, false, false, false, false, 1},
      {"cppn", false, false, false, false, false, true, 0.1},
      {"prior", false, false, false, false, true, false, 1},
      {"maco", false, false, false, false, false, false, 20},
  };
  for (const Traits& traits : all) {
    SCOPED_TRACE(traits.kind);
    const ParameterizationPtr read_one = read(fmt::format(R"({{"{}": {{}}}})", traits.kind));
    EXPECT_STREQ(read_one->kind(), traits.kind);
    EXPECT_EQ(read_one->has_alpha(), traits.alpha);
    EXPECT_EQ(read_one->takes_a_picture(), traits.picture);
    EXPECT_EQ(read_one->starts_from_a_file(), traits.file);
    EXPECT_EQ(read_one->has_spectrum(), traits.spectrum);
    EXPECT_EQ(read_one->draws_own_colours(), traits.own_colours);
    EXPECT_EQ(read_one->plain_by_default(), traits.plain);
    EXPECT_EQ(read_one->optimiser_rate_factor(), traits.rate);
    if (!traits.picture) {
      EXPECT_THROW((void)read_one->starting_at_the_picture(), Error);
    }
  }
}

TEST_F(Parameterizations, AreOneOfTheKinds) {
  EXPECT_TRUE(
      refused("{}", "", "one of the keys fourier, pixel, laplacian_pyramid, shared, cppn, prior, maco is missing"));
  EXPECT_TRUE(refused(R"({"fourier": {}, "pixel": {}})", "", "got both"));
  EXPECT_TRUE(refused(R"({"fouier": {}})", "", "did you mean 'fourier'"));
  EXPECT_TRUE(refused(R"("fourier")", "", "expected an object"));
  EXPECT_TRUE(refused(R"({"pixel": 1})", "/pixel", "expected an object"));
}

TEST_F(Parameterizations, RefuseKeysOfOthers) {
  const std::vector<std::pair<std::string, std::string>> strangers = {
      {"fourier", "levels"}, {"pixel", "decay_power"}, {"laplacian_pyramid", "decay_power"},
      {"shared", "divisor"}, {"cppn", "sd"},           {"prior", "decay_power"},
      {"maco", "sd"}};
  for (const auto& [kind, key] : strangers)
    EXPECT_TRUE(refused(fmt::format(R"({{"{}": {{"{}": 1}}}})", kind, key), "/" + kind, "unknown key '" + key + "'"));
}

TEST_F(Parameterizations, KeepToTheirRanges) {
  struct Range {
    std::string kind, key;
    std::vector<const char*> accepted, refused;
  };
  const std::vector<Range> ranges = {
      {"fourier", "sd", {"0", "100"}, {"-0.1", "100.1", "\"1\""}},
      {"fourier", "decay_power", {"0", "10"}, {"-0.1", "10.1", "true"}},
      {"pixel", "sd", {"0", "100"}, {"-0.1", "100.1"}},
      {"laplacian_pyramid", "sd", {"0", "100"}, {"-0.1", "100.1"}},
      {"laplacian_pyramid", "levels", {"1", "14"}, {"0", "15", "2.5"}},
      {"shared", "sd", {"0", "100"}, {"-0.1", "100.1"}},
      {"shared", "decay_power", {"0", "10"}, {"-0.1", "10.1"}},
      {"cppn", "layers", {"1", "64"}, {"0", "65"}},
      {"cppn", "channels", {"1", "256"}, {"0", "257"}},
      {"cppn", "activation", {"\"composite\"", "\"unbiased\""}, {"\"relu\"", "1"}},
      {"prior", "sd", {"0", "100"}, {"-0.1", "100.1"}},
      {"prior", "norm", {"0.001", "1000000"}, {"0.0009", "1000001"}},
      {"prior", "generator", {"\"g\""}, {"\"\"", "1"}},
      {"prior", "from", {"\"p.png\""}, {"\"\"", "1"}},
      {"maco", "magnitude", {"\"m.safetensors\""}, {"\"\"", "1"}},
  };
  for (const auto& [kind, key, accepted, refusals] : ranges) {
    const auto with = [kind = kind, key = key](const char* value) {
      return fmt::format(R"({{"{}": {{"{}": {}}}}})", kind, key, value);
    };
    for (const char* value : accepted) EXPECT_NO_THROW(read(with(value))) << with(value);
    for (const char* value : refusals) EXPECT_TRUE(refused(with(value), "/" + kind + "/" + key, "expected"));
  }
}

// Thousands of draws of N(0, sd^2): their mean square is off by less than a tenth.
TEST_F(Parameterizations, DrawTheStartWithTheConfigsDeviation) {
  for (const char* kind : {"fourier", "pixel", "laplacian_pyramid", "shared"}) {
    SCOPED_TRACE(kind);
    const ParameterizationPtr plain = read(fmt::format(R"({{"{}": {{}}}})", kind));
    const ParameterizationPtr given = read(fmt::format(R"({{"{}": {{"sd": 0.5}}}})", kind));
    EXPECT_NEAR(deviation(start(*plain)), 0.01, 0.001);
    EXPECT_NEAR(deviation(start(*given)), 0.5, 0.05);
    // Parameters that change a picture start at 0, but a deviation that is given counts.
    EXPECT_EQ(deviation(start(*plain->starting_at_the_picture())), 0);
    EXPECT_TRUE(same_bits(start(*given->starting_at_the_picture()), start(*given)));
    EXPECT_NEAR(deviation(start(*plain)), 0.01, 0.001) << "a copy was changed";
  }
}

TEST_F(Parameterizations, OfThePictureKeepTheirOtherKeys) {
  const ParameterizationPtr pyramid = read(R"({"laplacian_pyramid": {"levels": 2}})")->starting_at_the_picture();
  EXPECT_EQ(make(*pyramid)->parameters().size(), 2U);
  const ParameterizationPtr shared = read(R"({"shared": {"levels": [{"divisor": 4}]}})")->starting_at_the_picture();
  EXPECT_EQ(make(*shared)->parameters().size(), 2U);
  EXPECT_EQ(deviation(start(*shared, 1)), 0);
}

TEST_F(Parameterizations, NameTheirStates) {
  const auto pyramid = make(R"({"laplacian_pyramid": {}})");
  ASSERT_EQ(pyramid->parameters().size(), 4U);
  for (size_t level = 0; level < 4; ++level) {
    const ImageParameter& parameter = pyramid->parameters()[level];
    EXPECT_EQ(parameter.name, level == 0 ? "parameter" : fmt::format("parameter {}", level));
    EXPECT_EQ(parameter.info.shape, (Shape{2, 3, 64 >> level, 48 >> level}));
    EXPECT_FALSE(parameter.of_group);
  }
  EXPECT_EQ(make(R"({"cppn": {"layers": 3}})")->parameters().size(), 4U) << "with the output layer";
}

TEST_F(Parameterizations, StartFromAFile) {
  const TemporaryFolder folder;
  const Shape image{4, 1, 2, 3};  // two groups of two images
  const std::vector<BatchImage> batch = {
      {nullptr, 0, 0, 2}, {nullptr, 0, 1, 2}, {nullptr, 1, 0, 2}, {nullptr, 1, 1, 2}};
  const std::vector<float> first = {0, 1, 2, 3, 4, 5}, second = {6, 7, 8, 9, 10, 11};
  const auto joined = [](const std::vector<std::vector<float>>& parts) {
    std::vector<float> all;
    for (const std::vector<float>& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  const std::vector<float> both = joined({first, second}), few = {0, 1, 2, 3};
  const std::string one = folder.file("one.safetensors"), group = folder.file("group.safetensors");
  write_safetensors(one, {{"pixels", {1, 2, 3}, first}, {"re", {1, 2, 3}, first}, {"im", {1, 2, 3}, second}});
  write_safetensors(group, {{"pixels", {2, 1, 2, 3}, both}, {"re", {1, 2, 2}, few}});

  const auto pixels = make(*read(R"({"pixel": {}})"), 2, image);
  EXPECT_EQ(pixels->read_start(one, batch), joined({first, first, first, first}));
  EXPECT_EQ(pixels->read_start(group, batch), joined({first, second, first, second}));
  EXPECT_TRUE(refuses([&] { (void)make(*read(R"({"pixel": {}})"), 3, image)->read_start(group, batch); },
                      {"group.safetensors: 'pixels'", "[2, 1, 2, 3]", "1 x 6 numbers for each image"}));
  // A row of 3 pixels has 3 coefficients, as its transform is 4 wide.
  const auto spectrum = make(*read(R"({"fourier": {}})"), 2, image);
  EXPECT_EQ(spectrum->read_start(one, batch), joined({first, second, first, second, first, second, first, second}));
  EXPECT_TRUE(refuses([&] { (void)spectrum->read_start(group, batch); }, {"group.safetensors: 're'", "1 x 6 numbers"}));
  EXPECT_THROW((void)make(R"({"laplacian_pyramid": {}})")->read_start(one, batch), Error);
}

// The article's levels, as far as the group has images for them.
TEST_F(Parameterizations, ShareWhatTheGroupHasImagesFor) {
  const auto alone = make(R"({"shared": {}})", 1), pairs = make(R"({"shared": {}})", 2);
  EXPECT_EQ(alone->parameters().size(), 1 + 4U);
  ASSERT_EQ(pairs->parameters().size(), 1 + 6U);
  EXPECT_FALSE(pairs->parameters()[0].of_group) << "the spectrum";
  std::vector<Shape> shapes;
  for (size_t i = 1; i < 7; ++i) {
    EXPECT_TRUE(pairs->parameters()[i].of_group);
    shapes.push_back(pairs->parameters()[i].info.shape);
  }
  EXPECT_EQ(shapes, (std::vector<Shape>{
                        {1, 3, 32, 24}, {1, 3, 16, 12}, {1, 3, 8, 6}, {2, 3, 8, 6}, {1, 3, 4, 3}, {2, 3, 4, 3}}));
}

TEST_F(Parameterizations, ReadSharedLevels) {
  const auto levels = [](const std::string& list) { return R"({"shared": {"levels": )" + list + "}}"; };
  EXPECT_TRUE(refused(levels("[]"), "/shared/levels", "an empty list"));
  EXPECT_TRUE(refused(levels("3"), "/shared/levels", "expected a list, got 3"));
  EXPECT_TRUE(refused(levels(R"([{"images": 1}])"), "/shared/levels/0", "the key 'divisor' is missing"));
  EXPECT_TRUE(refused(levels(R"([{"divisor": 0}])"), "/shared/levels/0/divisor", "from 1 to 16384"));
  EXPECT_TRUE(refused(levels(R"([{"divisor": 16385}])"), "/shared/levels/0/divisor", "from 1 to 16384"));
  EXPECT_TRUE(refused(levels(R"([{"divisor": 2, "offset": 1}])"), "/shared/levels/0/offset", "true or false"));
  EXPECT_TRUE(refused(levels(R"([{"divisor": 2, "images": 1025}])"), "/shared/levels/0/images", "from 1 to 1024"));
  EXPECT_TRUE(refused(levels(R"([{"divisor": 2, "sd": 1}])"), "/shared/levels/0", "unknown key 'sd'"));

  const ParameterizationPtr three = read(levels(R"([{"divisor": 2}, {"divisor": 16384, "images": 3}])"));
  EXPECT_NO_THROW(three->check_group(3, "x.json: /parameterization"));
  EXPECT_TRUE(refuses([&] { three->check_group(2, "x.json: /parameterization"); },
                      {"x.json: /parameterization/shared/levels/1/images: ", "at most 2", "got 3"}));
  EXPECT_NO_THROW(read(R"({"shared": {}})")->check_group(1, ""));
}

// A phase goes on with its parameters when it means the same: defaults that are written out change nothing, but whether
// "sd" is given does where a picture is changed.
TEST_F(Parameterizations, MeanTheSameWithTheirDefaults) {
  const auto meaning = [](const std::string& text) {
    Json json = Json::parse(text);
    parameterization_value().format->add_defaults(json);
    return json;
  };
  EXPECT_EQ(meaning(R"({"fourier": {}})"), meaning(R"({"fourier": {"decay_power": 1}})"));
  EXPECT_EQ(meaning(R"({"cppn": {}})"),
            meaning(R"({"cppn": {"activation": "composite", "channels": 24, "layers": 8}})"));
  EXPECT_EQ(meaning(R"({"prior": {}})"), meaning(R"({"prior": {"norm": 8, "generator": "prior_generator"}})"));
  EXPECT_EQ(meaning(R"({"laplacian_pyramid": {}})"), meaning(R"({"laplacian_pyramid": {"levels": 4}})"));
  EXPECT_NE(meaning(R"({"fourier": {}})"), meaning(R"({"fourier": {"sd": 0.01}})"));
  EXPECT_NE(meaning(R"({"fourier": {}})"), meaning(R"({"pixel": {}})"));
}

}  // namespace
}  // namespace phosphene::testing::parameterization_test
