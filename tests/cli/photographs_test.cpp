// phosphene examples and classify, of folders and files as people have them.
#include <nlohmann/json.hpp>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/softmax.h"
#include "loaders/model_file.h"
#include "tests/cli/program_under_test.h"

namespace phosphene::photographs_test {
namespace {

class Photographs : public ProgramTest {
 protected:
  // Its classes are the colours.
  Photographs() {
    Model model;
    model.name = "colours";
    model.height = model.width = 8;
    model.preprocessing = {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
    const Weights same = Weights::from({1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 3, 1, 1});
    model.layers = {{"conv", std::make_shared<Convolution>(WindowAttributes{}, 1, same, Weights{}), {Model::kInput}},
                    {"pool",
                     std::make_shared<Pooling>(PoolingKind::average, WindowAttributes{}, PoolingDivisor::inside, true),
                     {"conv"}},
                    {"prob", std::make_shared<Softmax>(), {"pool"}}};
    model.labels = {"blue", "green", "red"};
    save_model(model, (folder() / "colours.safetensors").string());
  }
};

TEST_F(Photographs, ExamplesCountsWhatWasUsedSkippedAndLeftOut) {
  for (const char* made : {"photos", "photos/.thumbnails"}) std::filesystem::create_directory(folder() / made);
  const std::string grey(kGreyPixel, sizeof(kGreyPixel) - 1);
  for (const char* name : {"photos/a.png", "photos/b\xff.png", "photos/._a.png", "photos/.thumbnails/a.png"})
    write(name, grey);
  write("photos/w.jpg", std::string("RIFF\x24\0\0\0WEBPVP8 ", 16));
  write("photos/cut.png", grey.substr(0, 40));
  const Outcome outcome = run("examples small.safetensors photos --layer last --units 2 --scales 1 --out found");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("used 2 photographs; skipped 2 (a WebP picture: 1, a broken PNG: 1); left out: 1 hidden "
                             "picture; the folder .thumbnails\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find("b\\xff.png"), std::string::npos) << outcome.out;
}

// Of several photographs, the broken are told and the others classified.
TEST_F(Photographs, ClassifyGoesOnBehindABrokenPhotograph) {
  const std::string grey(kGreyPixel, sizeof(kGreyPixel) - 1);
  std::filesystem::create_directories(folder() / "photos" / "sub");
  for (const char* name : {"a.png", "photos/b.png", "photos/sub/c\xff.png", "photos/._b.png"}) write(name, grey);
  write("cut.png", grey.substr(0, 40));
  const Outcome outcome = run("classify colours.safetensors a.png cut.png none.png photos");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, run("classify colours.safetensors a.png photos/b.png photos/sub/c*").out);
  EXPECT_EQ(outcome.err,
            "phosphene: cut.png: a broken PNG (the data ends too early)\n"
            "phosphene: none.png: cannot be opened: No such file or directory\n"
            "phosphene: photos: left out: 1 hidden picture\n"
            "phosphene: error: classify: 2 of 5 photographs could not be read\n");
  const Outcome json = run("classify colours.safetensors a.png cut.png photos --top 1 --json");
  EXPECT_EQ(json.exit_code, 2);
  const nlohmann::json rows = nlohmann::json::parse(json.out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[1], (nlohmann::json{{"image", "cut.png"}, {"error", "a broken PNG (the data ends too early)"}}));
  EXPECT_EQ(rows[3]["image"],
            "photos/sub/c\xEF\xBF\xBD"
            "FF.png");
  EXPECT_EQ(run("classify colours.safetensors photos").exit_code, 0);
}

TEST_F(Photographs, ClassifyOfOneBrokenPhotographIsOneLine) {
  write("w.jpg", std::string("RIFF\x24\0\0\0WEBPVP8 ", 16));
  std::filesystem::create_directory(folder() / "empty");
  expect_one_clear_line(run("classify colours.safetensors w.jpg"), {"w.jpg", "WebP", "expected PNG or JPEG"});
  expect_one_clear_line(run("classify colours.safetensors empty"), {"empty", "contains no photograph"});
  const Outcome json = run("classify colours.safetensors w.jpg --json");
  EXPECT_EQ(json.exit_code, 2);
  EXPECT_TRUE(nlohmann::json::parse(json.out)[0].contains("error")) << json.out;
}

}  // namespace
}  // namespace phosphene::photographs_test
