// phosphene convert: what it says of preprocessing and labels, and --try.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/softmax.h"
#include "loaders/model_file.h"
#include "tests/cli/program_under_test.h"

namespace phosphene::convert_test {
namespace {

// The means of the network's three input channels, as logits.
Model colour_network() {
  Model model;
  model.name = "colours";
  model.height = model.width = 8;
  model.preprocessing = {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
  model.preprocessing_source = "assumed for a Caffe network";
  model.layers = {{"conv",
                   std::make_shared<Convolution>(WindowAttributes{}, 1,
                                                 Weights::from({1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 3, 1, 1}), Weights{}),
                   {Model::kInput}},
                  {"pool",
                   std::make_shared<Pooling>(PoolingKind::average, WindowAttributes{}, PoolingDivisor::inside, true),
                   {"conv"}},
                  {"prob", std::make_shared<Softmax>(), {"pool"}}};
  model.labels = {"blue \x1b[31mjay", "green", "red"};
  return model;
}

class Convert : public ProgramTest {
 protected:
  Convert() {
    save_model(colour_network(), (folder() / "colours.safetensors").string());
    write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  }
  [[nodiscard]] nlohmann::json preprocessing_of(const std::string& model) const {
    const Outcome outcome = run("inspect " + model + " --json");
    return nlohmann::json::parse(outcome.out).at("preprocessing");
  }
};

void expect_line(const Outcome& outcome, const std::string& line) {
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find(line + "\n"), std::string::npos) << outcome.out;
}

TEST_F(Convert, SaysWhichPreprocessingWasTakenAndWhy) {
  expect_line(
      run("convert colours.safetensors -o c.safetensors"),
      "preprocessing: BGR in 0..255 minus 104 117 123, assumed for a Caffe network: give --preprocessing if it is "
      "another");
  expect_line(
      run("convert colours.safetensors -o i.safetensors --preprocessing imagenet"),
      "preprocessing: RGB in 0..1 minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225, as --preprocessing says: "
      "imagenet");
  expect_line(
      run("inspect i.safetensors"),
      "preprocessing: RGB in 0..1 minus 0.485 0.456 0.406, divided by 0.229 0.224 0.225, as --preprocessing says: "
      "imagenet");
  EXPECT_EQ(preprocessing_of("i.safetensors").at("order"), nlohmann::json({0, 1, 2}));
  EXPECT_NEAR(preprocessing_of("i.safetensors").at("scale").at(2).get<double>(), 1 / 0.225, 1e-6);
  write("given.json", R"({"scale": 1, "mean": [0, 0, 0.5], "order": [0, 2, 1]})");
  ASSERT_EQ(run("convert colours.safetensors -o g.safetensors --preprocessing given.json").exit_code, 0);
  EXPECT_EQ(preprocessing_of("g.safetensors").at("mean"), nlohmann::json({0, 0, 0.5}));
}

TEST_F(Convert, TriesEachPreprocessingOnAPhotograph) {
  const Outcome outcome = run("convert colours.safetensors --try grey.png");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* name : {"imagenet", "caffe *", "inception", "zero-to-one", "raw"})
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name << " in " << outcome.out;
  // A grey pixel: in BGR minus 104 117 123 the first channel is larger by 13, of equal channels each has a third.
  EXPECT_NE(outcome.out.find("100.0 % blue \\x1b["), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(" 33.3 % red"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos) << outcome.out;
  std::istringstream lines(outcome.out.substr(outcome.out.find("  imagenet")));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_LT(count, 24) << "one screen";
  EXPECT_NE(run("convert colours.safetensors --try grey.png --preprocessing raw -o r.safetensors").out.find("raw *"),
            std::string::npos);
  EXPECT_EQ(preprocessing_of("r.safetensors").at("order"), nlohmann::json({0, 1, 2}));
}

TEST_F(Convert, APreprocessingWithoutANameIsTriedToo) {
  write("given.json", R"({"scale": 255, "mean": [0, 50, 0], "order": [0, 1, 2]})");
  const Outcome outcome = run("convert colours.safetensors --try grey.png --preprocessing given.json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("as taken *"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(" 50.0 % red"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("caffe *"), std::string::npos) << outcome.out;
}

TEST_F(Convert, SaysWhatWasDroppedFromLabels) {
  write("labels.csv", "index,label\n1,\"jay, blue\"\n2,frog\n3,robin\n");
  const Outcome outcome = run("convert colours.safetensors -o l.safetensors --labels labels.csv");
  expect_line(outcome, "labels.csv: dropped: an index column that counts from 1, a header");
  EXPECT_NE(run("classify l.safetensors grey.png").out.find("100.00 %  jay, blue\n"), std::string::npos);
}

TEST_F(Convert, MistakesAreOneLine) {
  expect_one_clear_line(run("convert colours.safetensors"), {"--output", "--try"});
  expect_one_clear_line(run("convert colours.safetensors -o x.safetensors --preprocessing imgenet"),
                        {"--preprocessing", "did you mean 'imagenet'"});
  expect_one_clear_line(run("convert gray.safetensors -o x.safetensors --preprocessing imagenet"),
                        {"--preprocessing", "three channels", "reads 1", "zero-to-one"});
  expect_one_clear_line(run("convert small.safetensors --try grey.png"), {"small", "classifier"});
  expect_one_clear_line(run("convert gray.safetensors --try grey.png"), {"--try", "1 channels"});
  expect_one_clear_line(run("convert colours.safetensors -o x.safetensors --try none.png"), {"none.png"});
  EXPECT_FALSE(std::filesystem::exists(folder() / "x.safetensors")) << "something was written all the same";
  write("utf16.txt", std::string("a\0b\0\n\0c\0", 8));
  expect_one_clear_line(run("convert colours.safetensors -o x.safetensors --labels utf16.txt"),
                        {"utf16.txt", "UTF-16"});
  write("two.txt", "jay\nfrog\n");
  expect_one_clear_line(run("convert colours.safetensors -o x.safetensors --labels two.txt"),
                        {"two.txt", "2 labels", "3 classes", "background"});
}

TEST_F(Convert, NamesCannotObeyNorBreakALine) {
  expect_one_clear_line(run("inspect \"$(printf 'a\\033[31m\\nb')\""), {R"(a\x1b[31m\nb)"});
  expect_one_clear_line(run("inspect $(head -c 20000 /dev/zero | tr '\\0' x)"), {"xxx..."});
  const Outcome seen = run("classify colours.safetensors grey.png");
  EXPECT_NE(seen.out.find("100.00 %  blue \\x1b[31mjay\n"), std::string::npos) << seen.out;
}

}  // namespace
}  // namespace phosphene::convert_test
