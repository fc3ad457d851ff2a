// A run knows the files that it reads: they are opened before the first step, and compared when it is continued.
#include "experiment/run/run_inputs.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/photos/photo_file.h"
#include "experiment/run/run.h"
#include "loaders/file_digest.h"
#include "loaders/model_file.h"
#include "loaders/safetensors.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::run_inputs_test {
namespace {

namespace fs = std::filesystem;

void write_stripes(const std::string& path, int period) {
  std::vector<float> picture(static_cast<size_t>(3) * 24 * 24);
  for (size_t i = 0; i < picture.size(); ++i) picture[i] = static_cast<int>(i) / period % 2 == 0 ? 0.2F : 0.8F;
  write_png(path, picture.data(), 3, 24, 24, false);
}

struct RunInputs : ::testing::Test {
  TemporaryFolder folder;
  Json config = small_config(folder);

  RunInputs() {
    write_stripes(folder.file("stripes.png"), 3);
    write_stripes(folder.file("others.png"), 4);
  }

  // What the dry run and the run itself refuse alike, before anything is written.
  void expect_refused(const std::vector<std::string>& parts) {
    RunOptions options;
    options.out = folder.file("refused");
    const auto dry_run = [&] { describe_run(parse_config(config, "test.json", folder.path().string()), options); };
    EXPECT_TRUE(refuses(dry_run, parts));
    EXPECT_TRUE(refuses([&] { render(folder, config, options.out); }, parts));
    EXPECT_FALSE(fs::exists(options.out));
  }
  void expect_other_files(const std::vector<std::string>& parts) {
    EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); }, parts));
  }
};

// Each is the last of a sweep: found when its turn comes, it would be found late.
TEST_F(RunInputs, AreOpenedAndDecodedBeforeTheFirstStep) {
  config["sweep"] = {{"/initial", {"stripes.png", "others.png", "stripe.png"}}};
  expect_refused({"/sweep/~1initial/2", "no photograph", "did you mean 'stripes.png'"});
  const std::string whole = contents_of(folder.file("stripes.png"));
  (void)folder.write("cut.png", whole.substr(0, whole.size() / 2));
  config["sweep"] = {{"/initial", {"stripes.png", "cut.png"}}};
  expect_refused({"/sweep/~1initial/1", "cut.png"});
  config["sweep"] = {{"variants",
                      {{"one", {{"initial", "stripes.png"}}},
                       {"two", {{"objective", {{{"inversion", {{"layer", "conv2"}, {"photo", "cut.png"}}}}}}}}}}};
  expect_refused({"/sweep/variants/two", "cut.png"});
  config["sweep"] = {{"/initial", {"none.safetensors"}}};
  expect_refused({"none.safetensors"});
  write_safetensors(folder.file("small.pixels.safetensors"), {{"pixels", {3, 8, 8}, std::vector<float>(192)}});
  config["parameterization"] = {{"pixel", Json::object()}};
  config["sweep"] = {{"/seed", {1, 2}}, {"/initial", {"small.pixels.safetensors"}}};
  expect_refused({"small.pixels.safetensors", "[3, 8, 8]"});
}

TEST_F(RunInputs, OfARunThatIsContinuedAreThoseThatItBeganWith) {
  config["initial"] = "stripes.png";
  config["sweep"] = {{"/seed", {1, 2}}};
  EXPECT_EQ(render(folder, config, folder.file("run")).finished, 2);
  const Json inputs = read_json(folder.file("run/config.json"))["inputs"];
  EXPECT_EQ(inputs.size(), 2U) << inputs;
  EXPECT_EQ(inputs["stripes.png"]["bytes"], fs::file_size(folder.file("stripes.png")));
  EXPECT_EQ(inputs["stripes.png"]["hash"], digest_of(folder.file("stripes.png")).hash);
  EXPECT_EQ(render(folder, config, folder.file("run")).skipped, 2);

  fs::rename(folder.file("stripes.png"), folder.file("before.png"));
  write_stripes(folder.file("stripes.png"), 4);
  expect_other_files({"'stripes.png' has changed", "xxh128:"});
  fs::rename(folder.file("before.png"), folder.file("stripes.png"));
  EXPECT_EQ(render(folder, config, folder.file("run")).skipped, 2);

  Model other = small_network();
  other.preprocessing.mean[0] += 1;
  save_model(other, folder.file("small.safetensors"));
  expect_other_files({"'small.safetensors' has changed"});
}

TEST_F(RunInputs, OfOlderFoldersAreNotCompared) {
  render(folder, config, folder.file("run"));
  Json frozen = read_json(folder.file("run/config.json"));
  frozen.erase("inputs");
  (void)folder.write("run/config.json", frozen.dump());
  EXPECT_EQ(render(folder, config, folder.file("run")).skipped, 1);
}

TEST_F(RunInputs, EachStateOfAFolderHasItsSentence) {
  const std::string out = folder.file("out");
  const auto refused = [&](const std::vector<std::string>& parts) {
    return refuses([&] { render(folder, config, out); }, parts);
  };
  (void)folder.write("out", "a file");
  EXPECT_TRUE(refused({"is a file"}));
  fs::remove(out);
  fs::create_symlink(folder.file("nowhere"), out);
  EXPECT_TRUE(refused({"is a link to", "nowhere", "does not exist"}));
  fs::remove(out);
  fs::create_directory(out);
  (void)folder.write("out/thesis.tex", "");
  EXPECT_TRUE(refused({"it holds 'thesis.tex'"}));
  fs::remove(out + "/thesis.tex");
  for (const char* dust : {".DS_Store", "Thumbs.db", ".gitkeep", "._x"})
    (void)folder.write("out/" + std::string(dust), "");
  EXPECT_EQ(render(folder, config, out).finished, 1);
}

// The number of a process that has ended.
pid_t ended_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

TEST_F(RunInputs, LeftoversOfKilledProcessesGo) {
  render(folder, config, folder.file("run"));
  const std::string left = fmt::format("run/images/.{}-0.part", ended_process());
  const std::string written = fmt::format("run/records/.{}-7.part", getpid());
  for (const std::string& name : {left, written}) (void)folder.write(name, "half");
  render(folder, config, folder.file("run"));
  EXPECT_FALSE(fs::exists(folder.file(left)));
  EXPECT_TRUE(fs::exists(folder.file(written))) << "its process runs";
}

}  // namespace
}  // namespace phosphene::testing::run_inputs_test
