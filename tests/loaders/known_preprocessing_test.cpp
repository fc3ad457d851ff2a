#include "loaders/known_preprocessing.h"

#include "tests/loaders/small_model.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::known_preprocessing_test {
namespace {

// Two roundings, of scale and mean, and one of the sum: 2^-24 of at most 255 each.
constexpr double kBytes = 4 * 255 * 0x1p-24, kUnits = 4 * 5 * 0x1p-24;

// The network's input for a pixel.
std::vector<float> input_of(const Preprocessing& preprocessing, const std::vector<float>& pixel) {
  return prepare_input(preprocessing, {{1, static_cast<int64_t>(pixel.size()), 1, 1}, pixel});
}

void expect_near(const std::vector<float>& actual, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(static_cast<double>(actual[i]), expected[i], tolerance) << i;
}

const std::vector<float> kPixel = {0.25F, 0.5F, 0.875F};

TEST(KnownPreprocessing, ComputesWhatItsNameSays) {
  const auto input = [](const char* name) { return input_of(read_preprocessing(name, 3).preprocessing, kPixel); };
  expect_near(input("imagenet"), {(0.25 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.875 - 0.406) / 0.225}, kUnits);
  expect_near(input("caffe"), {0.875 * 255 - 104, 0.5 * 255 - 117, 0.25 * 255 - 123}, kBytes);
  expect_near(input("inception"), {-0.5, 0, 0.75}, kUnits);
  expect_near(input("zero-to-one"), {0.25, 0.5, 0.875}, kUnits);
  expect_near(input("raw"), {0.25 * 255, 0.5 * 255, 0.875 * 255}, kBytes);
  EXPECT_EQ(known_preprocessing_names().size(), 5U) << "each has a line above";
}

TEST(KnownPreprocessing, IsToldInWords) {
  const auto words = [](const char* name, int64_t channels) {
    return describe(read_preprocessing(name, channels).preprocessing);
  };
  EXPECT_EQ(words("imagenet", 3), "RGB in 0..1 minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225");
  EXPECT_EQ(words("caffe", 3), "BGR in 0..255 minus 104 117 123");
  EXPECT_EQ(words("inception", 3), "RGB in -1..1");
  EXPECT_EQ(words("zero-to-one", 1), "grey in 0..1");
  EXPECT_EQ(words("raw", 3), "RGB in 0..255");
  EXPECT_EQ(
      describe({{255 * 0.017F, 255 * 0.017F, 255 * 0.017F}, {104 * 0.017F, 117 * 0.017F, 123 * 0.017F}, {2, 1, 0}}),
      "BGR in 0..255 minus 104 117 123, divided by 58.82");
}

TEST(KnownPreprocessing, NeedsItsChannels) {
  EXPECT_TRUE(refuses([] { read_preprocessing("imagenet", 1); },
                      {"--preprocessing", "imagenet", "this one reads 1", "inception, zero-to-one, raw"}));
  expect_near(input_of(read_preprocessing("inception", 1).preprocessing, {0.25F}), {-0.5}, kUnits);
  EXPECT_EQ(known_preprocessing("caffe", 1), std::nullopt);
  EXPECT_TRUE(refuses([] { read_preprocessing("imagnet", 3); }, {"imagnet", "did you mean 'imagenet'"}));
}

class PreprocessingFiles : public ::testing::Test {
 protected:
  GivenPreprocessing read(const std::string& json, int64_t channels = 3) {
    return read_preprocessing(folder_.write("given.json", json), channels);
  }
  void refused(const std::string& json, std::vector<std::string> words, int64_t channels = 3) {
    words.emplace_back("given.json");
    EXPECT_TRUE(refuses([&] { read(json, channels); }, words)) << json;
  }
  TemporaryFolder folder_;
};

TEST_F(PreprocessingFiles, OfOurOwn) {
  expect_near(input_of(read(R"({"scale": 255, "mean": [1, 2, 3], "order": [2, 1, 0]})").preprocessing, kPixel),
              {0.875 * 255 - 1, 0.5 * 255 - 2, 0.25 * 255 - 3}, kBytes);
  expect_near(input_of(read(R"({"scale": [1, 2, 4], "mean": [0, 0, 1], "order": [0, 1, 2]})").preprocessing, kPixel),
              {0.25, 1, 2.5}, kUnits);
  refused(R"({"scale": [1, 2], "mean": [0, 0, 1], "order": [0, 1, 2]})", {"/scale", "3 numbers"});
  refused(R"({"scale": 1, "mean": [0, 0, 1], "order": [0, 1, 1]})", {"/order", "every channel once"});
  refused(R"({"scale": 1, "mean": [0, 0, 1], "order": [0, 1, 2], "std": [1, 1, 1]})", {"'std'"});
  refused(R"({"scale": 1, "order": [0, 1, 2]})", {"'mean' is missing"});
}

constexpr const char* kTimm = R"({"architecture": "resnet18", "num_classes": 1000, "pretrained_cfg": {
  "input_size": [3, 224, 288], "crop_pct": 0.95, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}})";

TEST_F(PreprocessingFiles, OfTimm) {
  const GivenPreprocessing given = read(kTimm);
  EXPECT_EQ(given.preprocessing, *known_preprocessing("imagenet", 3));
  EXPECT_EQ(given.source, "given.json of timm");
  EXPECT_EQ(given.height, 224);
  EXPECT_EQ(given.width, 288);
  EXPECT_EQ(read(R"({"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]})").preprocessing,
            *known_preprocessing("inception", 3));
  refused(R"({"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]})", {"/mean/0", "from -1 to 1"});
  refused(R"({"mean": [0.5, 0.5, 0.5], "std": [0.5, 0, 0.5]})", {"/std/1"});
  refused(R"({"pretrained_cfg": {"mean": [0.5, 0.5, 0.5]}})", {"/pretrained_cfg", "'std' is missing"});
  refused(kTimm, {"/pretrained_cfg/input_size", "3 channels", "reads 1"}, 1);
}

TEST_F(PreprocessingFiles, OfTransformers) {
  const GivenPreprocessing given = read(R"({"image_processor_type": "ViTImageProcessor", "do_normalize": true,
    "do_rescale": true, "rescale_factor": 0.00392156862745098, "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5], "size": {"height": 224, "width": 240}, "resample": 2})");
  expect_near(input_of(given.preprocessing, kPixel), {-0.5, 0, 0.75}, kUnits);
  EXPECT_EQ(given.height, 224);
  EXPECT_EQ(given.width, 240);
  const GivenPreprocessing cut = read(R"({"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
    "size": {"shortest_edge": 256}, "do_center_crop": true, "crop_size": 224})");
  EXPECT_EQ(cut.preprocessing, *known_preprocessing("imagenet", 3));
  EXPECT_EQ(cut.height, 224);
  expect_near(input_of(read(R"({"do_normalize": false, "do_flip_channel_order": true})").preprocessing, kPixel),
              {0.875, 0.5, 0.25}, kUnits);
  expect_near(input_of(read(R"({"do_normalize": false, "do_rescale": false})").preprocessing, kPixel),
              {0.25 * 255, 0.5 * 255, 0.875 * 255}, kBytes);
  expect_near(
      input_of(read(R"({"do_rescale": false, "image_mean": [100, 100, 100], "image_std": [50, 50, 50]})").preprocessing,
               kPixel),
      {(0.25 * 255 - 100) / 50, (0.5 * 255 - 100) / 50, (0.875 * 255 - 100) / 50}, kUnits);
  refused(R"({"image_processor_type": "EfficientNetImageProcessor", "rescale_offset": true, "image_mean": [0, 0, 0]})",
          {"/rescale_offset", "not supported"});
  refused(R"({"do_normalize": true, "image_mean": [0.5, 0.5, 0.5]})", {"'image_std' is missing"});
}

TEST_F(PreprocessingFiles, OthersAreNamed) {
  refused(R"({"model_type": "resnet", "architectures": ["ResNetForImageClassification"]})",
          {"transformers", "preprocessor_config.json is meant"});
  refused(R"({"steps": 3})", {"scale, mean and order", "timm", "image_mean"});
  refused("[1]", {"an object"});
}

TEST_F(PreprocessingFiles, BesideTheWeights) {
  const std::string weights = folder_.file("model.safetensors");
  EXPECT_FALSE(preprocessing_beside(weights, 3).has_value());
  (void)folder_.write("config.json", R"({"model_type": "resnet"})");
  EXPECT_FALSE(preprocessing_beside(weights, 3).has_value()) << "it says nothing of preprocessing";
  (void)folder_.write("config.json", "no JSON");
  EXPECT_FALSE(preprocessing_beside(weights, 3).has_value());
  (void)folder_.write("config.json", kTimm);
  EXPECT_EQ(preprocessing_beside(weights, 3)->preprocessing, *known_preprocessing("imagenet", 3));
  EXPECT_TRUE(refuses([&] { (void)preprocessing_beside(weights, 1); }, {"config.json", "3 channels"}));
  (void)folder_.write("preprocessor_config.json", R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]})");
  EXPECT_EQ(preprocessing_beside(weights, 3)->source, "preprocessor_config.json of transformers");
}

TEST_F(PreprocessingFiles, ReplacesTheModels) {
  Model model = small_model();
  set_preprocessing(model, "imagenet");
  EXPECT_EQ(model.preprocessing, *known_preprocessing("imagenet", 3));
  EXPECT_EQ(model.preprocessing_source, "as --preprocessing says: imagenet");
}

}  // namespace
}  // namespace phosphene::testing::known_preprocessing_test
