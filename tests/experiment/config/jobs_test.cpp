#include "experiment/config/jobs.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "experiment/config/batches.h"
#include "experiment/config/parse_config.h"
#include "experiment/config/structure.h"
#include "runtime/error.h"
#include "tests/support/all_jobs.h"
#include "tests/support/compare.h"

namespace phosphene::testing::jobs_test {
namespace {

Config config_of(const std::string& text) { return parse_config(Json::parse(text), "x.json", ""); }

std::vector<size_t> sizes(const std::vector<std::vector<JobImage>>& batches) {
  std::vector<size_t> sizes;
  for (const auto& batch : batches) sizes.push_back(batch.size());
  return sizes;
}

TEST(Jobs, OneWithoutASweep) {
  const auto jobs = all_jobs(
      config_of(R"({"model": "m", "objective": [{"channel": {"layer": "inception_4a/output:pre", "unit": 97}}]})"));
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].names, std::vector<std::string>{"inception_4a_output-pre_97"});
}

TEST(Jobs, AreTheProductOfTheAxesTheLastFastest) {
  const auto jobs = all_jobs(config_of(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 0}}],
      "sweep": {"/objective/0/channel/unit": {"range": [4, 6]}, "/seed": [1, 2, 3]}})"));
  ASSERT_EQ(jobs.size(), 6U);
  std::set<std::string> names;
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(jobs[i].index, i);
    EXPECT_EQ(jobs[i].config.objective.terms[0]->unit(), 4 + static_cast<int64_t>(i) / 3);
    EXPECT_EQ(jobs[i].config.seed, 1 + i % 3);
    EXPECT_EQ((*jobs[i].values)["/seed"], 1 + i % 3);
    names.insert(jobs[i].names.begin(), jobs[i].names.end());
  }
  EXPECT_EQ(names.size(), 6U) << "two images of one name";
}

TEST(Jobs, VariantsAreNamedSettings) {
  const std::string config = R"({"model": "m", "steps": 9, "parameterization": {"pixel": {}},
      "objective": [{"channel": {"layer": "a", "unit": 0}}], "sweep": {AXES "variants":
      {"nothing": {}, "all of it": {"parameterization": {"fourier": {}}, "steps": null}, "jitter": {"transforms": [{"jitter": 3}]}}}})";
  const auto with = [&](const std::string& axes) {
    std::string text = config;
    return all_jobs(config_of(text.replace(text.find("AXES"), 4, axes)));
  };
  const auto jobs = with("");
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].names, std::vector<std::string>{"nothing"});
  EXPECT_EQ(jobs[1].names, std::vector<std::string>{"all_of_it"});
  EXPECT_EQ(*jobs[1].values, Json({{"variant", "all of it"}}));
  EXPECT_STREQ(jobs[1].config.image.parameterization->kind(), "fourier")
      << "one in the place of the other, not beside it";
  EXPECT_EQ(jobs[1].config.steps, 512) << "null is the default";
  EXPECT_STREQ(jobs[2].config.image.parameterization->kind(), "pixel");
  EXPECT_EQ(jobs[2].config.transforms.list.steps.size(), 1U);
  EXPECT_EQ(sizes(pack(jobs, 4)), (std::vector<size_t>{1, 1, 1})) << "of different structure";

  const auto product = with(R"("/seed": [4, 5],)");
  ASSERT_EQ(product.size(), 6U);
  EXPECT_EQ(product[2].config.variant, "all of it") << "variants run slowest wherever they stand";
  EXPECT_EQ(product[3].config.seed, 5U);
  EXPECT_EQ(product[2].names, std::vector<std::string>{"all_of_it_a_0000_seed_0004"});
  EXPECT_NE(product[2].names, product[3].names);
  EXPECT_EQ(sizes(pack(product, 4)), (std::vector<size_t>{2, 2, 2}));
}

TEST(Jobs, AWrongVariantIsNamed) {
  const Config config = config_of(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 0}}],
      "sweep": {"variants": {"good": {}, "bad": {"transform": "none"}}}})");
  try {
    all_jobs(config);
    FAIL() << "an unknown key was taken";
  } catch (const Error& error) {
    const std::string what = error.what();
    for (const char* word : {"variant 'bad'", "'transform'", "'transforms'"})
      EXPECT_NE(what.find(word), std::string::npos) << what;
  }
}

TEST(Jobs, NamesAreFileNames) {
  const auto jobs = all_jobs(config_of(
      R"({"model": "m", "images": 2, "objective": [{"class": {"label": "tabby, tabby cat / ../x"}, "weight": -1}]})"));
  ASSERT_EQ(jobs[0].names.size(), 2U);
  for (const std::string& name : jobs[0].names) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+"),
              std::string::npos)
        << name;
  }
  EXPECT_NE(jobs[0].names[0], jobs[0].names[1]);
}

TEST(Jobs, AWrongCombinationNamesItsPlace) {
  const Config config = config_of(
      R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 0}}], "sweep": {"/steps": [4, 0]}})");
  EXPECT_THROW(all_jobs(config), Error);
  EXPECT_THROW(
      all_jobs(config_of(R"({"model": "m", "objective": [{"class": {"index": 0}}], "sweep": {"/stepz": [4]}})")),
      Error);
}

TEST(Jobs, WholeGroupsOfOneStructureArePacked) {
  const auto jobs =
      all_jobs(config_of(R"({"model": "m", "images": 2, "objective": [{"channel": {"layer": "a", "unit": 0}}],
      "sweep": {"/objective/0/channel/layer": ["a", "b"], "/objective/0/channel/unit": {"range": [0, 5]}}})"));
  EXPECT_EQ(sizes(pack(jobs, 4)), (std::vector<size_t>{4, 4, 2, 4, 4, 2}));
  EXPECT_EQ(sizes(pack(jobs, 5)), (std::vector<size_t>{4, 4, 2, 4, 4, 2})) << "a group was cut";
  EXPECT_EQ(sizes(pack(jobs, 1)), std::vector<size_t>(10, 2)) << "a group larger than the batch stands alone";
}

TEST(Jobs, StructureIsWhatTablesCannotHold) {
  const auto key = [](const std::string& objective, const std::string& rest = "") {
    return structure_key(config_of(R"({"model": "m", "objective": [)" + objective + "]" + rest + "}"));
  };
  const std::string one = key(R"({"channel": {"layer": "a", "unit": 0}})");
  EXPECT_EQ(one, key(R"({"channel": {"layer": "a", "unit": 5}, "weight": -2})"));
  EXPECT_EQ(one, key(R"({"channel": {"layer": "a", "unit": 0}})", R"(, "seed": 9)"));
  EXPECT_NE(one, key(R"({"channel": {"layer": "b", "unit": 0}})"));
  EXPECT_NE(one, key(R"({"neuron": {"layer": "a", "unit": 0}})"));
  EXPECT_NE(one, key(R"({"channel": {"layer": "a", "unit": 0}})", R"(, "steps": 9)"));
  EXPECT_EQ(key(R"({"class": {"index": 0}})"), key(R"({"class": {"label": "tabby"}})"));
}

}  // namespace
}  // namespace phosphene::testing::jobs_test
