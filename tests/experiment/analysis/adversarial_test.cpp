#include "experiment/analysis/adversarial.h"

#include <gtest/gtest.h>

#include "experiment/photos/photo_file.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/experiment/small_experiment.h"
#include "tests/networks/network_run.h"

namespace phosphene::testing::adversarial_test {
namespace {

// Bytes to the network's input by the formula.
Array input_of(const Model& model, const Photo& photo) {
  const size_t pixels = photo.rgb.size() / 3;
  Array input{{1, 3, photo.height, photo.width}, {}};
  for (size_t c = 0; c < 3; ++c)
    for (size_t i = 0; i < pixels; ++i)
      input.data.push_back(static_cast<double>(photo.rgb[3 * i + static_cast<size_t>(model.preprocessing.order[c])]) -
                           static_cast<double>(model.preprocessing.mean[c]));
  return input;
}

// The class of a PNG, by a path of its own.
size_t class_of(const Model& model, const std::string& path) {
  const Array input = input_of(model, read_photo(path));
  const std::vector<float> logits = activations(model, input, {model.logits()}).at(model.logits()).data;
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

void expect_example(const Model& model, const std::string& photo, const AdversarialOptions& options) {
  SCOPED_TRACE(photo);
  const TemporaryFolder folder;
  const auto backend = make_cpu_backend();
  for (const char* out : {"once", "again"}) {
    const AdversarialExample example = make_adversarial(model, *backend, read_photo(photo), options);
    const AdversarialExample written = write_adversarial(folder.file(out), model, *backend, example);
    EXPECT_EQ(written.adversarial.rgb, example.adversarial.rgb) << "the picture is not what was classified";
    EXPECT_TRUE(written.succeeded());
    EXPECT_GT(written.largest_change(), 0);
    EXPECT_LE(written.largest_change(), options.most);
    EXPECT_GE(written.after[static_cast<size_t>(written.target)], options.until);
  }
  EXPECT_EQ(files_of(folder.file("once")), files_of(folder.file("again")));
  EXPECT_EQ(files_of(folder.file("once")).size(), 5U);
  const auto target = static_cast<size_t>(model.class_index(options.target));
  EXPECT_NE(class_of(model, folder.file("once/photo.png")), target);
  EXPECT_EQ(class_of(model, folder.file("once/adversarial.png")), target);
}

TEST(Adversarial, PhotographsAreTakenForOtherClasses) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(photos, "photos");
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string(), "",
                                 find_asset("models/imagenet_synset_words.txt")->string());
  expect_example(model, photos / "coffee.jpg", {.target = "macaw"});
  expect_example(model, photos / "chelsea.jpg", {.target = "ostrich", .most = 2});
  const auto backend = make_cpu_backend();
  const Photo coffee = read_photo(photos / "coffee.jpg");
  EXPECT_TRUE(
      refuses([&] { (void)make_adversarial(model, *backend, coffee, {.target = "ostrch"}); }, {"ostrch", "ostrich"}));
  EXPECT_TRUE(refuses([&] { (void)make_adversarial(model, *backend, coffee, {.target = "espresso"}); },
                      {"--to", "already classifies the photograph as 'espresso'"}));
}

TEST(Adversarial, EveryByteMovesAlongItsOwnGradient) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  PHOSPHENE_ASSET(photos, "photos");
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string(), "",
                                 find_asset("models/imagenet_synset_words.txt")->string());
  const auto backend = make_cpu_backend();
  const AdversarialExample example =
      make_adversarial(model, *backend, read_photo(photos / "coffee.jpg"), {.target = "macaw", .steps = 1, .until = 1});
  const InputGradient of_prob = input_gradient(model, input_of(model, example.photo),
                                               {.layer = "prob", .unit = static_cast<int>(example.target)});
  const size_t pixels = example.photo.rgb.size() / 3;
  size_t moved = 0, along = 0;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < pixels; ++i) {
      const size_t byte = 3 * i + static_cast<size_t>(model.preprocessing.order[c]);
      const int change = example.adversarial.rgb[byte] - example.photo.rgb[byte];
      moved += static_cast<size_t>(change != 0);
      along += static_cast<size_t>((of_prob.gradient[c * pixels + i] > 0) == (change > 0) && change != 0);
    }
  }
  EXPECT_GT(moved, pixels * 2) << "all but what is black or white already";
  EXPECT_GT(along, moved * 999 / 1000) << "rounding turns the sign of no more than the smallest";
}

TEST(Adversarial, NeedsAClassifier) {
  const auto backend = make_cpu_backend();
  const Photo photo{24, 24, std::vector<uint8_t>(24 * 24 * 3, 100)};
  EXPECT_TRUE(refuses([&] { (void)make_adversarial(small_network(), *backend, photo, {.target = "x"}); },
                      {"small", "classifier"}));
}

}  // namespace
}  // namespace phosphene::testing::adversarial_test
