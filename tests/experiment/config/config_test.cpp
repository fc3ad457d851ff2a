#include "experiment/config/parse_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/objective/term_list.h"
#include "loaders/json_reader.h"

#include "tests/support/temporary_folder.h"

namespace phosphene::testing::config_test {
namespace {

// What schema_test.py calls BASE.
Json base() { return Json::parse(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 97}}]})"); }

void edit(Json& config, const Json& edits) {
  for (const auto& [pointer, value] : edits.items()) config[Json::json_pointer(pointer)] = value;
}

Json cases(const std::string& name) { return read_json("tests/experiment/config/" + name); }

TEST(Config, AcceptsEveryValidCase) {
  const Json all = cases("valid.json");
  ASSERT_GT(all.size(), 0U);
  for (const auto& [name, edits] : all.items()) {
    Json config = base();
    edit(config, edits);
    EXPECT_NO_THROW(parse_config(config, "x.json", "")) << name;
  }
}

TEST(Config, RefusesEveryInvalidCaseWithItsPlace) {
  const Json all = cases("invalid.json");
  ASSERT_GT(all.size(), 0U);
  for (const auto& [name, mistake] : all.items()) {
    Json config = base();
    edit(config, mistake.value("set", Json::object()));
    if (mistake.contains("remove")) {
      const Json::json_pointer gone(mistake["remove"].get<std::string>());
      config[gone.parent_pointer()].erase(gone.back());
    }
    std::vector<std::string> parts = mistake.value("names", std::vector<std::string>());
    parts.push_back("x.json: " + mistake["at"].get<std::string>() + ": ");
    EXPECT_TRUE(refuses([&] { parse_config(config, "x.json", ""); }, parts)) << name;
  }
}

TEST(Config, WithoutAFileAPlaceIsThePointerAlone) {
  Json json = base();
  json["steps"] = "many";
  try {
    parse_config(json, "", "");
    FAIL() << "it is refused";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("/steps")) << error.what();
  }
}

TEST(Config, HasDefaults) {
  const Config config = parse_config(base(), "x.json", "");
  EXPECT_EQ(config.image.images, 1);
  EXPECT_EQ(config.steps, 512);
  EXPECT_EQ(config.image.height, 0);
  EXPECT_EQ(config.transforms.preset, "distill");
  EXPECT_STREQ(config.image.parameterization->kind(), "fourier");
  EXPECT_EQ(config.optimiser.adam.learning_rate, 0.05);
  EXPECT_TRUE(config.snapshots.empty());
}

TEST(Config, ReadsValuesWhereTheyBelong) {
  Json json = base();
  edit(json, cases("valid.json").at("every key"));
  const Config config = parse_config(json, "x.json", "/there");
  EXPECT_EQ(config.image.height, 96);
  EXPECT_EQ(config.image.width, 128);
  EXPECT_EQ(config.optimiser.adam.epsilon_form, AdamEpsilon::tf1);
  EXPECT_EQ(config.snapshots, (std::vector<int64_t>{0, 5, 20}));
  EXPECT_EQ(config.seed, uint64_t{1} << 53);
  EXPECT_TRUE(config.save_image && config.save_spectrum);
  ASSERT_EQ(config.sweep.axes.size(), 2U);
  const SweptKey& range = config.sweep.axes[1].keys.front();
  ASSERT_EQ(range.size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(range.at(i), Json(3 * i));
  EXPECT_FALSE(config.json->contains("sweep"));
}

TEST(Config, ReadsOptimisers) {
  Json json = base();
  const auto optimiser = [&](const char* text) {
    json["steps"] = 40;
    json["optimizer"] = Json::parse(text);
    return parse_config(json, "x.json", "").optimiser;
  };
  const OptimiserAttributes nadam = optimiser(R"({"nadam": {"beta2": 0.9, "clip_norm": 2}})");
  EXPECT_EQ(nadam.kind, OptimiserKind::nadam);
  EXPECT_TRUE(nadam.adam.nesterov);
  EXPECT_EQ(nadam.adam.beta2, 0.9);
  EXPECT_EQ(nadam.clip_norm, 2);
  EXPECT_EQ(nadam.adam.schedule.shape, ScheduleShape::constant);
  const OptimiserAttributes sgd =
      optimiser(R"({"sgd": {"learning_rate": 3, "momentum": 0.5, "schedule": {"cosine": {"to": 0.1}}, "warmup": 7}})");
  EXPECT_EQ(sgd.kind, OptimiserKind::sgd);
  EXPECT_EQ(sgd.momentum.learning_rate, 3);
  EXPECT_EQ(sgd.momentum.momentum, 0.5);
  EXPECT_FALSE(sgd.momentum.sign);
  EXPECT_EQ(sgd.momentum.schedule.shape, ScheduleShape::cosine);
  EXPECT_EQ(sgd.momentum.schedule.to, 0.1);
  EXPECT_EQ(sgd.momentum.schedule.steps, 40) << "the cosine ends with the run";
  EXPECT_EQ(sgd.momentum.schedule.warmup, 7);
  const OptimiserAttributes sign = optimiser(R"({"sign": {"schedule": {"exponential": {"decay": 0.5, "every": 10}}}})");
  EXPECT_TRUE(sign.momentum.sign);
  EXPECT_EQ(sign.momentum.momentum, 0) << "plain sign descent";
  EXPECT_EQ(sign.momentum.schedule.decay, 0.5);
  EXPECT_EQ(sign.momentum.schedule.every, 10);
  EXPECT_EQ(optimiser(R"({"steepest": {}})").kind, OptimiserKind::steepest);
}

TEST(Config, AKeyLeftToItsDefaultCanBeSweptOver) {
  Json json = base();
  json["sweep"] = {{"/seed", {1, 2}}, {"/objective/0/weight", {1, -1}}};
  EXPECT_EQ(parse_config(json, "x.json", "").sweep.axes.size(), 2U);
}

TEST(Config, SyntaxErrorsTellLineAndColumn) {
  const TemporaryFolder folder;
  const std::string path = folder.write("broken.json", "{\n  \"model\": \"m\",\n  \"steps\": 12 \"seed\": 1\n}\n");
  EXPECT_TRUE(refuses([&] { load_config(path); }, {path, "line 3, column"}));
  EXPECT_TRUE(refuses([&] { load_config(folder.write("empty.json", "")); }, {"empty.json"}));
  EXPECT_TRUE(refuses([&] { load_config(folder.file("none.json")); }, {"none.json", "no such file"}));
  EXPECT_TRUE(refuses([&] { load_config(folder.path().string()); }, {folder.path().string()}));
}

TEST(Config, AKeyGivenTwiceIsAnError) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("twice.json", R"({"model": "m", "objective": [{"class": {"index": 1}}], "model": "n"})");
  EXPECT_TRUE(refuses([&] { load_config(path); }, {path, "'model' is given twice"}));
  const std::string inner =
      folder.write("inner.json", R"({"model": "m", "objective": [{"class": {"index": 1, "index": 2}}]})");
  EXPECT_TRUE(refuses([&] { load_config(inner); }, {inner, "'index' is given twice"}));
  const std::string apart =
      folder.write("apart.json", R"({"model": "m", "objective": [{"class": {"index": 1}}, {"class": {"index": 2}}]})");
  EXPECT_EQ(load_config(apart).objective.terms.size(), 2U);
}

TEST(Config, OverridesAreAppliedBeforeChecking) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.json", base().dump());
  const Config config =
      load_config(path, {"/steps=7", "/objective/0/channel/layer=mixed4a", "/transforms=[{\"pad\": 3}]"});
  EXPECT_EQ(config.steps, 7);
  EXPECT_EQ(config.objective.terms[0]->reads()[0].layer, "mixed4a");
  EXPECT_EQ(config.transforms.list.steps.size(), 1U);
  EXPECT_TRUE(refuses([&] { load_config(path, {"/stepz=7"}); }, {path, "unknown key 'stepz'", "'steps'"}));
  EXPECT_TRUE(refuses([&] { load_config(path, {"steps=7"}); }, {"--set steps=7"}));
  EXPECT_TRUE(refuses([&] { load_config(path, {"/model/deeper=7"}); }, {"--set /model/deeper=7"}));
}

TEST(Config, ObjectivesAreReadAlone) {
  const TemporaryFolder folder;
  const std::string list = folder.write("list.json", R"([{"class": {"index": 1}}])");
  const std::string object = folder.write("object.json", R"({"objective": [{"class": {"index": 1}}]})");
  EXPECT_EQ(load_objective(list, 1).terms.size(), 1U);
  EXPECT_EQ(load_objective(object, 1).terms.size(), 1U);
  const std::string wrong = folder.write("wrong.json", R"([{"class": {"indx": 1}}])");
  EXPECT_TRUE(refuses([&] { load_objective(wrong, 1); }, {wrong, "/0/class", "'index'"}));
}

TEST(Config, ExamplesAreValid) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("configs")) {
    if (entry.path().extension() != ".json") continue;
    EXPECT_NO_THROW(load_config(entry.path().string())) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace phosphene::testing::config_test
