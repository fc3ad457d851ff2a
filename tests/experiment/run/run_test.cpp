#include "experiment/run/run.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include "experiment/config/parse_config.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>

#include "experiment/photos/photo_file.h"
#include "loaders/safetensors.h"
#include "tests/experiment/small_experiment.h"
#include "tests/loaders/small_generator.h"

namespace phosphene::testing::run_test {
namespace {

namespace fs = std::filesystem;

// Four units of two images each.
Json sweep_config(const TemporaryFolder& folder) {
  Json config = small_config(folder);
  config["images"] = 2;
  config["snapshots"] = {0, 4, 12};
  config["sweep"] = {{"/objective/0/channel/unit", {0, 1, 2, 3}}};
  return config;
}

// Asks to stop at the given step of the run, counted over batches from 1.
class StopAt final : public Progress {
 public:
  explicit StopAt(int step) : step_(step) {}
  void on_status(const std::string& line, double /*eta_seconds*/) override {
    EXPECT_TRUE(std::isfinite(std::stod(line.substr(line.find("objective ") + 10)))) << line;
    if (++steps_ == step_) stop = true;
  }
  void on_message(const std::string& line) override { messages.push_back(line); }

  std::atomic<bool> stop = false;
  std::vector<std::string> messages;

 private:
  int step_;
  int steps_ = 0;
};

// Programs of several structures follow each other; none of it depends on batches, on a stop, or on what ran before.
TEST(Run, VariantsOfDifferentStructureFollowEachOther) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["save"] = {"power_spectrum", "image"};
  config["sweep"] = Json::parse(R"({"/seed": [1, 2, 3], "variants": {
      "plain": {"parameterization": {"pixel": {}}, "transforms": "none", "colour": "plain"},
      "larger": {"size": 32, "steps": 5, "optimizer": {"sign": {}}},
      "pair": {"images": 2, "objective": [{"channel": {"layer": "conv2", "unit": 1}}, {"l2": {}, "weight": -0.1}]}}})");
  EXPECT_EQ(render(folder, config, folder.file("once")).finished, 12);
  StopAt stop(30);
  RunOptions options;
  options.stop = &stop.stop;
  options.progress = &stop;
  EXPECT_TRUE(render(folder, config, folder.file("twice"), options).interrupted);
  EXPECT_EQ(render(folder, config, folder.file("twice")).stopped.size(), 0U);
  EXPECT_EQ(files_of(folder.file("once")), files_of(folder.file("twice")));
  config["batch"] = 1;
  render(folder, config, folder.file("alone"));
  EXPECT_EQ(results_of(folder.file("once")), results_of(folder.file("alone")));

  const Json frozen = read_json(folder.file("once/config.json"))["config"];
  EXPECT_EQ(frozen["sweep"]["variants"], config["sweep"]["variants"]) << "what the folder holds makes the run again";
  const Json record = record_of(folder.file("once"), "larger_conv3-pre_0001_seed_0001");
  EXPECT_EQ(record["sweep"], Json::parse(R"({"variant": "larger", "/seed": 1})"));
  EXPECT_EQ(record["spectrum"]["rings"].size(), 16U) << "up to half a cycle per pixel of 32";
  EXPECT_TRUE(std::isfinite(record["spectrum"]["slope"].get<double>()));
  EXPECT_NE(contents_of(folder.file("once/report.html")).find("\"spectra\":"), std::string::npos);
}

TEST(Run, ClimbsAndKeepsARecord) {
  const TemporaryFolder folder;
  const std::string out = folder.file("run");
  const RunResult result = render(folder, sweep_config(folder), out);
  EXPECT_EQ(result.finished, 8);
  EXPECT_TRUE(fs::exists(result.report));
  for (int unit = 0; unit < 4; ++unit) {
    for (int image = 0; image < 2; ++image) {
      const std::string name = "conv3-pre_000" + std::to_string(unit) + "_image" + std::to_string(image);
      const Json record = record_of(out, name);
      EXPECT_EQ(record["unit"], unit);
      EXPECT_EQ(record["image"], image);
      EXPECT_EQ(record["curve"].size(), 12U);
      EXPECT_EQ(record["curve"].back()[1], record["objective"]);
      EXPECT_GT(record["curve"].back()[1].get<double>(), record["curve"].front()[1].get<double>()) << name;
      const std::string picture = out + "/" + record["picture"].get<std::string>();
      EXPECT_EQ(contents_of(picture), contents_of(out + "/images/" + name + "_step12.png"))
          << "the last snapshot is the picture";
      EXPECT_NE(contents_of(picture), contents_of(out + "/images/" + name + "_step00.png"));
    }
  }
}

TEST(Run, ANegativeWeightDescends) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["objective"][0]["weight"] = -1;
  render(folder, config, folder.file("down"));
  render(folder, small_config(folder), folder.file("up"));
  const Json down = record_of(folder.file("down"), "minus_conv3-pre_1")["curve"],
             up = record_of(folder.file("up"), "conv3-pre_1")["curve"];
  EXPECT_EQ(down.front()[1].get<double>(), -up.front()[1].get<double>()) << "the same start";
  EXPECT_GT(down.back()[1].get<double>(), down.front()[1].get<double>());
}

TEST(Run, TheSameTwiceIsTheSameBytes) {
  const TemporaryFolder folder;
  render(folder, sweep_config(folder), folder.file("a"));
  render(folder, sweep_config(folder), folder.file("b"));
  const auto files = files_of(folder.file("a"));
  EXPECT_GT(files.size(), 8U * 5);
  EXPECT_TRUE(files == files_of(folder.file("b")));
}

TEST(Run, NeitherBatchNorThreadsChangeAnything) {
  const TemporaryFolder folder;
  Json config = sweep_config(folder);
  config["batch"] = 2;
  render(folder, config, folder.file("alone"));
  const auto alone = results_of(folder.file("alone"));
  ASSERT_FALSE(alone.empty());
  config["batch"] = 8;
  render(folder, config, folder.file("together"));
  EXPECT_TRUE(alone == results_of(folder.file("together"))) << "eight images at once";
  config["batch"] = 6;  // the last batch is filled up
  RunOptions two;
  two.device.threads = 2;
  render(folder, config, folder.file("threads"), two);
  EXPECT_TRUE(alone == results_of(folder.file("threads"))) << "two threads, six images at once";
}

// Every penalty at once, its weights swept over: one program serves all jobs, and neither images nor jobs see each other.
TEST(Run, PenaltiesBelongToTheirImages) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["images"] = 2;
  for (const char* penalty : {"total_variation", "l1", "l2", "blur"})
    config["objective"].push_back({{penalty, Json::object()}, {"weight", -0.01}, {"image", 1}});
  config["objective"][2]["l1"]["constant"] = 0.25;
  config["sweep"] = {{"/objective/1/weight", {-0.02, -20}}};
  config["save"] = {"image"};
  config["batch"] = 2;
  render(folder, config, folder.file("alone"));
  const auto alone = results_of(folder.file("alone"));
  config["batch"] = 4;
  render(folder, config, folder.file("together"));
  EXPECT_TRUE(alone == results_of(folder.file("together")));
  const auto variation = [&](const std::string& name) {
    const std::vector<float> x =
        Safetensors::open(folder.file("alone/floats/" + name + ".safetensors")).tensor("image").data;
    double sum = 0;
    for (size_t i = 1; i < x.size(); ++i) sum += i % 24 == 0 ? 0 : std::abs(static_cast<double>(x[i] - x[i - 1]));
    return sum;
  };
  const std::string heavy = "conv3-pre_0001_weight_-0020_image", light = "conv3-pre_0001_weight_-0.02_image";
  EXPECT_LT(variation(heavy + "1"), 0.5 * variation(light + "1")) << "a heavy penalty is felt";
  EXPECT_EQ(contents_of(folder.file("alone/floats/" + heavy + "0.safetensors")),
            contents_of(folder.file("alone/floats/" + light + "0.safetensors")))
      << "image 0 has no penalty, however heavy image 1's is";
}

// Every parameterization climbs; neither batch nor threads change its bytes. What is shared belongs to one job: each has the same
// pictures alone as beside another whose seed and unit differ.
TEST(Run, EveryParameterizationClimbsAndBelongsToItsJob) {
  for (const char* parameterization :
       {R"({"laplacian_pyramid": {"levels": 3}})", R"({"shared": {}})",
        R"({"shared": {"levels": [{"divisor": 3, "offset": true}, {"divisor": 6, "images": 2, "offset": true}]}})",
        R"({"cppn": {"layers": 2, "channels": 5}})", R"({"prior": {"generator": "g", "norm": 1.5}})"}) {
    const TemporaryFolder folder;
    SmallGenerator().write(folder.file("g"));
    Json config = sweep_config(folder);
    config["parameterization"] = Json::parse(parameterization);
    config["sweep"]["/seed"] = {0, 1};
    config["batch"] = 2;
    render(folder, config, folder.file("alone"));
    const auto alone = results_of(folder.file("alone"));
    const Json curve = record_of(folder.file("alone"), "conv3-pre_0001_seed_0000_image1")["curve"];
    EXPECT_GT(curve.back()[1].get<double>(), curve.front()[1].get<double>()) << parameterization;
    config["batch"] = 4;
    render(folder, config, folder.file("two"));
    EXPECT_TRUE(alone == results_of(folder.file("two"))) << parameterization << ": two groups in a batch";
    config["batch"] = 6;  // the last batch is filled up
    RunOptions two;
    two.device.threads = 2;
    render(folder, config, folder.file("three"), two);
    EXPECT_TRUE(alone == results_of(folder.file("three"))) << parameterization << ": three groups, two threads";
  }
}

// Where all of an image is shared but a spectrum that cannot move, the images of a group are one; two groups are not.
TEST(Run, SharedLevelsAlignAGroup) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["images"] = 2;
  config["save"] = {"image"};
  config["transforms"] = "none";
  config["optimizer"]["sgd"]["learning_rate"] = 1e-4;
  const auto apart = [&](const Json& parameterization) {
    config["parameterization"] = parameterization;
    const std::string out = folder.file(parameterization.begin().key());
    render(folder, config, out);
    std::vector<std::vector<float>> x;
    for (const char* image : {"0", "1"})
      x.push_back(Safetensors::open(out + "/floats/conv3-pre_1_image" + image + ".safetensors").tensor("image").data);
    double sum = 0;
    for (size_t i = 0; i < x[0].size(); ++i) sum += std::abs(static_cast<double>(x[0][i] - x[1][i]));
    return sum / static_cast<double>(x[0].size());
  };
  const double shared = apart({{"shared", {{"sd", 0.001}, {"levels", {{{"divisor", 2}}}}}}});
  const double unique = apart({{"laplacian_pyramid", {{"sd", 0.1}}}});
  EXPECT_LT(shared, 0.1 * unique);
  EXPECT_GT(shared, 0) << "the spectra are the images' own";
}

// Every optimiser climbs, and neither batch nor threads change its bytes.
TEST(Run, EveryOptimiserClimbs) {
  for (const char* optimizer :
       {R"({"nadam": {"schedule": {"cosine": {"to": 0.1}}}})", R"({"sgd": {"learning_rate": 0.001, "clip_norm": 100}})",
        R"({"sign": {"warmup": 3}})", R"({"steepest": {"momentum": 0.5}})",
        R"({"adam": {"clip_norm": 0.1, "schedule": {"exponential": {"decay": 0.9, "every": 4}}}})"}) {
    const TemporaryFolder folder;
    Json config = sweep_config(folder);
    config["optimizer"] = Json::parse(optimizer);
    config["batch"] = 2;
    render(folder, config, folder.file("alone"));
    const Json curve = record_of(folder.file("alone"), "conv3-pre_0001_image1")["curve"];
    EXPECT_GT(curve.back()[1].get<double>(), curve.front()[1].get<double>()) << optimizer;
    config["batch"] = 6;
    RunOptions two;
    two.device.threads = 2;
    render(folder, config, folder.file("together"), two);
    EXPECT_TRUE(results_of(folder.file("alone")) == results_of(folder.file("together"))) << optimizer;
  }
}

TEST(Run, AnotherSeedIsAnotherPicture) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  render(folder, config, folder.file("a"));
  config["seed"] = 1;
  render(folder, config, folder.file("b"));
  EXPECT_NE(contents_of(folder.file("a/images/conv3-pre_1.png")), contents_of(folder.file("b/images/conv3-pre_1.png")));
}

TEST(Run, StopsAndContinues) {
  const TemporaryFolder folder;
  Json config = sweep_config(folder);
  config["batch"] = 2;
  render(folder, config, folder.file("whole"));

  StopAt progress(12 + 5);  // the second of four batches
  RunOptions options;
  options.stop = &progress.stop;
  options.progress = &progress;
  const RunResult stopped = render(folder, config, folder.file("parts"), options);
  EXPECT_TRUE(stopped.interrupted);
  EXPECT_EQ(stopped.finished, 2);
  EXPECT_TRUE(fs::exists(folder.file("parts/records/conv3-pre_0000_image1.json")));
  EXPECT_FALSE(fs::exists(folder.file("parts/records/conv3-pre_1_image0.json")));

  const RunResult rest = render(folder, config, folder.file("parts"));
  EXPECT_FALSE(rest.interrupted);
  EXPECT_EQ(rest.skipped, 2);
  EXPECT_EQ(rest.finished, 6);
  EXPECT_TRUE(files_of(folder.file("whole")) == files_of(folder.file("parts")));

  const RunResult again = render(folder, config, folder.file("parts"));
  EXPECT_EQ(again.finished, 0);
  EXPECT_EQ(again.skipped, 8);
}

// What was measured at the first start holds: nothing is measured again, whatever the cache says by then.
TEST(Run, AnAutotunedRunKeepsToItsChoices) {
  const TemporaryFolder folder;
  ::setenv("PHOSPHENE_CACHE", folder.file("cache").c_str(), 1);
  const Json config = sweep_config(folder);
  RunOptions options;
  options.device.device = "cpu";
  options.device.autotune = true;
  render(folder, config, folder.file("run"), options);
  const Json choices = read_json(folder.file("run/implementations.json"));
  EXPECT_FALSE(choices.empty());
  EXPECT_EQ(read_json(folder.file("run/config.json"))["autotuned"], true);
  const auto before = files_of(folder.file("run"));

  fs::remove_all(folder.file("cache"));
  fs::remove(folder.file("run/records/conv3-pre_0001_image0.json"));
  EXPECT_EQ(render(folder, config, folder.file("run"), options).finished, 2);  // its job
  EXPECT_FALSE(fs::exists(folder.file("cache")));
  EXPECT_TRUE(before == files_of(folder.file("run")));

  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); }, {folder.file("run"), "--autotune"}));
  fs::remove(folder.file("run/implementations.json"));  // as when it was stopped before its first image
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); }, {folder.file("run"), "--autotune"}));
  render(folder, config, folder.file("plain"));
  EXPECT_FALSE(read_json(folder.file("plain/config.json")).contains("autotuned"));
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("plain"), options); }, {"without --autotune"}));
  ::unsetenv("PHOSPHENE_CACHE");
}

TEST(Run, AnotherExperimentsFolderIsRefused) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  render(folder, config, folder.file("run"));
  const auto before = files_of(folder.file("run"));
  config["steps"] = 13;
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); },
                      {folder.file("run"), "/steps is 12 there and 13 now"}));
  RunOptions dry;
  dry.out = folder.file("run");
  EXPECT_TRUE(refuses([&] { describe_run(parse_config(config, "test.json", folder.path().string()), dry); },
                      {folder.file("run"), "/steps is 12 there and 13 now"}))
      << "by --dry-run too";
  EXPECT_TRUE(before == files_of(folder.file("run")));
}

TEST(Run, AFolderOfOtherThingsIsRefused) {
  const TemporaryFolder folder;
  const Json config = small_config(folder);
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.path().string()); },
                      {folder.path().string(), "is not a run folder"}));
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("small.safetensors")); }, {"small.safetensors"}));
  EXPECT_TRUE(
      refuses([&] { render(folder, config, folder.file("small.safetensors/below")); }, {"small.safetensors/below"}));
}

// A limit on the size of files stands for a full disk: writing fails half-way.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST(Run, AFullDiskIsOneLineAndLeavesNoHalfFile) {
  const TemporaryFolder folder;
  const Json config = small_config(folder);
  {
    const FileSizeLimit limit(1000);  // config.json fits, a picture of 24 x 24 pixels does not
    EXPECT_TRUE(
        refuses([&] { render(folder, config, folder.file("run")); }, {"images/conv3-pre_1.png", "cannot be written"}));
  }
  for (const auto& [name, contents] : files_of(folder.file("run"))) EXPECT_EQ(name, "config.json");
  EXPECT_EQ(render(folder, config, folder.file("run")).finished, 1) << "the same command continues";
}

TEST(Run, MistakesShowBeforeAnythingIsWritten) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["objective"][0]["channel"]["unit"] = 6;
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); },
                      {"test.json: /objective/0/channel", "unit 6", "6 channels"}));
  config["objective"][0]["channel"]["layer"] = "conv4";
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); },
                      {"/objective/0/channel: conv4", "did you mean 'conv"}));
  config["model"] = "smal";
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); }, {"smal"}));
  EXPECT_FALSE(fs::exists(folder.file("run")));
}

// A sweep's later units are checked as early as its first.
TEST(Run, AMistakeAtTheEndOfASweepShowsAtOnce) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["batch"] = 1;
  config["sweep"] = {{"/objective/0/channel/unit", {0, 1, 60}}};
  EXPECT_TRUE(refuses([&] { render(folder, config, folder.file("run")); }, {"/objective/0/channel", "unit 60"}));
  EXPECT_FALSE(fs::exists(folder.file("run")));
}

TEST(Run, ASilentUnitIsGivenUpProposingPre) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["objective"][0]["channel"] = {{"layer", "conv1"}, {"unit", 7}};
  config["sweep"] = {{"/objective/0/channel/unit", {3, 7}}};  // on grey, conv1's channel 3 is 18
  StopAt progress(-1);
  RunOptions options;
  options.progress = &progress;
  const RunResult result = render(folder, config, folder.file("run"), options);
  EXPECT_EQ(result.finished, 1);
  ASSERT_EQ(result.stopped.size(), 1U);
  EXPECT_EQ(result.stopped, progress.messages);
  EXPECT_NE(result.stopped[0].find("'conv1:pre'"), std::string::npos) << result.stopped[0];
  EXPECT_TRUE(fs::exists(folder.file("run/records/conv1_0007.stopped.json")));
  EXPECT_FALSE(fs::exists(folder.file("run/images/conv1_0007.png")));
}

class IgnoreProgress final : public Progress {
 public:
  void on_status(const std::string&, double) override {}
  void on_message(const std::string&) override {}
};

TEST(Run, ASilentUnitMovesThroughRedirectedRelus) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["objective"][0]["channel"] = {{"layer", "conv1"}, {"unit", 7}};
  EXPECT_EQ(render(folder, config, folder.file("plain")).stopped.size(), 1U);
  config["gradients"] = {{"relu", "redirected"}};
  config["snapshots"] = {0};
  const RunResult result = render(folder, config, folder.file("redirected"));
  EXPECT_TRUE(result.stopped.empty());
  EXPECT_NE(contents_of(folder.file("redirected/images/conv1_7_step00.png")),
            contents_of(folder.file("redirected/images/conv1_7.png")));
  config["gradients"] = {{"max_pooling", "average"}};
  EXPECT_TRUE(
      refuses([&] { render(folder, config, folder.file("none")); }, {"/gradients/max_pooling", "no max pooling"}));
}

// A photograph of stripes beside the image, in batches of jobs that differ in weight and power.
TEST(Run, ReferencesAreSeenThroughTheSameDraws) {
  const TemporaryFolder folder;
  std::vector<float> stripes;
  for (int i = 0; i < 3 * 24 * 24; ++i) stripes.push_back(i % 24 % 6 < 3 ? 0.2F : 0.8F);
  write_png(folder.file("stripes.png"), stripes.data(), 3, 24, 24);
  Json config = small_config(folder);
  config["objective"] = {{{"caricature", {{"layer", "conv2"}, {"photo", "stripes.png"}, {"power", 1}}}},
                         {{"inversion", {{"layer", "conv1"}, {"photo", "stripes.png"}}}}};
  config["images"] = 2;
  config["sweep"] = {{"/objective/0/weight", {1e-3, 1e-2}}, {"/objective/0/caricature/power", {0, 1}}};
  config["batch"] = 2;
  EXPECT_EQ(render(folder, config, folder.file("alone")).finished, 8);
  config["batch"] = 8;
  render(folder, config, folder.file("together"));
  EXPECT_TRUE(results_of(folder.file("alone")) == results_of(folder.file("together")));

  // The image that is the photograph inverts it whatever the draw; the channel's 1e-9 is there because ascent without a gradient is
  // given up. With draws of its own the reference would be a large part of itself away.
  Json start = small_config(folder);
  start["objective"] = {{{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}, {"weight", 1e-9}},
                        {{"inversion", {{"layer", "conv2"}, {"photo", "stripes.png"}}}}};
  start["initial"] = "stripes.png";
  start["optimizer"] = {{"adam", {{"learning_rate", 1e-12}}}};
  const RunResult result = render(folder, start, folder.file("start"));
  ASSERT_EQ(result.finished, 1) << result.stopped.front();
  const Json record = record_of(folder.file("start"), "conv3-pre_1+conv2_like_stripes");
  for (const Json& point : record["curve"]) EXPECT_NEAR(point[1].get<double>(), 0, 1e-7) << point;
  start["objective"][1]["inversion"]["photo"] = "stripe.png";
  EXPECT_TRUE(refuses([&] { render(folder, start, folder.file("none")); },
                      {"/objective/1/inversion", "did you mean 'stripes.png'"}));
}

TEST(Run, AnInfiniteObjectiveIsGivenUpAlone) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  const auto channel = [](int unit, double weight) {
    return Json{{"channel", {{"layer", "conv3:pre"}, {"unit", unit}}}, {"weight", weight}};
  };
  config["sweep"] = {{"/objective/0", {channel(1, 1), channel(5, 1e30)}}};
  IgnoreProgress progress;
  RunOptions options;
  options.progress = &progress;
  const RunResult result = render(folder, config, folder.file("both"), options);
  ASSERT_EQ(result.stopped.size(), 1U);
  EXPECT_NE(result.stopped[0].find("'conv3:pre' is not finite at step 1, and 'objective 0' is the first that is not"),
            std::string::npos)
      << result.stopped[0];
  config["sweep"] = {{"/objective/0/channel/unit", {1, 2}}};
  render(folder, config, folder.file("neighbour"));
  EXPECT_EQ(contents_of(folder.file("both/images/conv3-pre_0001.png")),
            contents_of(folder.file("neighbour/images/conv3-pre_0001.png")));
}

TEST(Run, FloatsAreKeptAndCanBeAStart) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["save"] = {"image", "spectrum"};
  render(folder, config, folder.file("first"));
  const Safetensors floats = Safetensors::open(folder.file("first/floats/conv3-pre_1.safetensors"));
  EXPECT_EQ(floats.entry("image").shape, (std::vector<int64_t>{3, 24, 24}));
  EXPECT_EQ(floats.entry("re").shape, (std::vector<int64_t>{3, 24, 13}));
  EXPECT_EQ(floats.entry("im").shape, (std::vector<int64_t>{3, 24, 13}));
  const HostTensor image = floats.tensor("image");
  EXPECT_TRUE(std::all_of(image.data.begin(), image.data.end(), [](float x) { return x > 0 && x < 1; }));

  Json next = small_config(folder);
  next["initial"] = "first/floats/conv3-pre_1.safetensors";
  next["snapshots"] = {0};
  render(folder, next, folder.file("second"));
  EXPECT_EQ(contents_of(folder.file("first/images/conv3-pre_1.png")),
            contents_of(folder.file("second/images/conv3-pre_1_step00.png")));
  next["size"] = 32;
  EXPECT_TRUE(refuses([&] { render(folder, next, folder.file("third")); }, {"conv3-pre_1.safetensors", "'re'"}));
}

TEST(Run, PixelsAndEveryPresetRender) {
  const TemporaryFolder folder;
  for (const std::string preset : {"distill", "lucid", "none"}) {
    Json config = small_config(folder);
    config["parameterization"] = {{"pixel", Json::object()}};
    config["transforms"] = preset;
    EXPECT_EQ(render(folder, config, folder.file(preset)).finished, 1) << preset;
  }
  EXPECT_NE(contents_of(folder.file("distill/images/conv3-pre_1.png")),
            contents_of(folder.file("none/images/conv3-pre_1.png")));
}

TEST(Run, IsDescribedWithoutWriting) {
  const TemporaryFolder folder;
  RunOptions options;
  options.out = folder.file("run");
  const std::vector<std::string> lines =
      describe_run(parse_config(sweep_config(folder), "test.json", folder.path().string()), options);
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_TRUE(lines[0].starts_with("model    small (")) << lines[0];
  EXPECT_EQ(lines[1], "images   8 in 4 jobs, 2 batches of up to 4");
  EXPECT_EQ(lines[2], "size     24 x 24, 3 channels, 12 steps");
  EXPECT_TRUE(lines[3].starts_with("backend  cpu")) << lines[3];
  EXPECT_TRUE(std::regex_match(lines[4], std::regex("memory   [1-9][0-9]* MB"))) << lines[4];
  EXPECT_EQ(lines[5], "first    conv3-pre_0000_image0");
  EXPECT_EQ(lines[6], "last     conv3-pre_0003_image1");
  EXPECT_FALSE(fs::exists(folder.file("run")));
}

}  // namespace
}  // namespace phosphene::testing::run_test
