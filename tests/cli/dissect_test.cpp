// phosphene dissect, of folders as people have them.
#include <nlohmann/json.hpp>

#include "tests/cli/program_under_test.h"

namespace phosphene::dissect_test {
namespace {

namespace fs = std::filesystem;

// Two photographs of a grey pixel, which are their own masks: their label is 128.
class Dissect : public ProgramTest {
 protected:
  Dissect() {
    for (const char* made : {"set/images", "set/masks/all"}) fs::create_directories(folder() / made);
    const std::string grey(kGreyPixel, sizeof(kGreyPixel) - 1);
    for (const char* name : {"images/a", "images/b", "masks/all/a", "masks/all/b"})
      write(std::string("set/") + name + ".png", grey);
    write("set/concepts.csv", "id,name,category\n128,grey,colour\n5,\"tea, or coffee\",object\n");
  }

  // With --quantile 0.1: the few photographs have few positions.
  [[nodiscard]] Outcome dissect(const std::string& more) const {
    return run("dissect small.safetensors --data set --quantile 0.1 --device cpu " + more);
  }
};

TEST_F(Dissect, PrintsUnitsAndConceptsAndItsPageLast) {
  const Outcome outcome = dissect("--layer conv1 --out d");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("grey"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("different concepts; 1 of 2 concepts are covered\n"), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("\nd/dissection.html\n")) << outcome.out;
  EXPECT_NE(outcome.err.find("no photograph has the concept 'tea, or coffee'"), std::string::npos) << outcome.err;
  for (const char* file : {"dissection.json", "units.csv", "state.safetensors"})
    EXPECT_TRUE(fs::exists(folder() / "d" / file)) << file;
  EXPECT_TRUE(contents_of(folder() / "d" / "units.csv").starts_with("unit,threshold,concept,name,")) << outcome.out;
  EXPECT_EQ(dissect("--layer conv1 --out d").out, outcome.out);
}

TEST_F(Dissect, JsonIsTheFileThatIsWritten) {
  const Outcome outcome = dissect("--layer last --units 1,3 --out d --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, contents_of(folder() / "d" / "dissection.json"));
  const nlohmann::json record = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(record["photographs"], 2);
  EXPECT_EQ(record["positions"], 2 * 32 * 32);
  EXPECT_EQ(record["units"].size(), 2U);
  EXPECT_EQ(record["concepts"][0]["share"], 1);
}

TEST_F(Dissect, PrintsTheCurveOfRotations) {
  const Outcome outcome = dissect("--layer conv1 --rotations 1,2 --alphas 0,1 --random 3 --out d");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\n     0      1.00 "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n     1 "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\n3 random directions: "), std::string::npos) << outcome.out;
  EXPECT_TRUE(fs::exists(folder() / "d" / "rotations.svg"));
  expect_one_clear_line(dissect("--layer conv1 --rotations 1 --alphas 2"), {"--alphas"});
  expect_one_clear_line(dissect("--layer conv1 --directions no.safetensors"), {"no.safetensors"});
}

TEST_F(Dissect, RefusesEachMistakeInOneLine) {
  expect_one_clear_line(run("dissect small.safetensors --layer conv1"), {"--data"});
  expect_one_clear_line(run("dissect small.safetensors --data set"), {"--layer"});
  expect_one_clear_line(run("dissect small.safetensors --data nowhere --layer conv1"), {"nowhere", "is not a folder"});
  expect_one_clear_line(dissect("--layer conv3"), {"conv3", "did you mean"});
  expect_one_clear_line(dissect("--layer conv1 --units 4"), {"unit 4", "4 channels"});
  expect_one_clear_line(dissect("--layer conv1 --align corners"), {"--align", "receptive_field"});
  expect_one_clear_line(run("dissect gray.safetensors --data set --layer conv2"), {"the network reads 1 channels"});
  save_classifier((folder() / "classifier.safetensors").string());
  expect_one_clear_line(run("dissect classifier.safetensors --data set --layer pool"), {"'pool' is not spatial"});
  fs::remove(folder() / "set" / "masks" / "all" / "b.png");
  expect_one_clear_line(dissect("--layer conv1"), {"set/images/b.png", "has no mask"});
  fs::copy_file(folder() / "set" / "masks" / "all" / "a.png", folder() / "set" / "masks" / "all" / "b.png");
  write("set/concepts.csv", "id,name,category\n5,tea,object\n");
  expect_one_clear_line(dissect("--layer conv1"), {"set/masks/all/a.png", "label 128"});
  for (const char* name : {"a", "b"}) fs::remove(folder() / "set" / "images" / (std::string(name) + ".png"));
  expect_one_clear_line(dissect("--layer conv1"), {"set/images", "contains no photograph"});
}

TEST_F(Dissect, CtrlCKeepsWhatWasCounted) {
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "/" + std::to_string(i) + ".png";
    fs::create_hard_link(folder() / "set/masks/all/a.png", folder() / ("set/masks/all" + name));
    fs::copy_file(folder() / "set/images/a.png", folder() / ("set/images" + name));
  }
  save_classifier((folder() / "classifier.safetensors").string());  // three readings take some ten seconds
  for (int call = 0; call < 2; ++call) {
    const Outcome stopped =
        run("dissect classifier.safetensors --data set --layer conv1 --units 0 --device cpu --out d",
            "timeout --foreground --preserve-status --signal INT 3");
    EXPECT_EQ(stopped.exit_code, 130) << stopped.err;
    EXPECT_EQ(stopped.out, "");
    EXPECT_NE(stopped.err.find("stopped; the same command continues"), std::string::npos) << stopped.err;
    EXPECT_TRUE(fs::exists(folder() / "d" / "state.safetensors"));
  }
}

}  // namespace
}  // namespace phosphene::dissect_test
