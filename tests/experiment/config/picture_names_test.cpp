// The names of all pictures of a run, as a set.
#include "experiment/config/picture_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "experiment/config/parse_config.h"
#include "runtime/file_names.h"
#include "tests/support/all_jobs.h"

namespace phosphene::testing::picture_names_test {
namespace {

Json base() { return Json::parse(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 97}}]})"); }

std::vector<std::string> names_of(const Json& json) {
  std::vector<std::string> names;
  for (const Job& job : all_jobs(parse_config(json, "x.json", "")))
    names.insert(names.end(), job.names.begin(), job.names.end());
  return names;
}

std::vector<std::string> names_of_variants(const std::vector<std::string>& variants,
                                           const Json& snapshots = Json::array()) {
  Json json = base();
  for (const std::string& variant : variants) json["sweep"]["variants"][variant] = Json::object();
  json["snapshots"] = snapshots;
  return names_of(json);
}

// Every file that a picture of these names makes, as a file system sees it that knows no case and composes letters.
void expect_distinct(const std::vector<std::string>& names, const std::vector<int64_t>& snapshots) {
  std::set<std::string> files;
  for (const std::string& name : names) {
    std::vector<std::string> of_it = {"images/" + name + ".png", "records/" + name + ".json",
                                      "records/" + name + ".stopped.json"};
    for (const int64_t step : snapshots) of_it.push_back("images/" + snapshot_name(name, step, 512) + ".png");
    for (const std::string& file : of_it) {
      EXPECT_TRUE(files.insert(folded_name(file)).second) << "two files are one: " << file;
      EXPECT_LE(file.size() - file.find('/'), 200U) << file;
    }
    EXPECT_EQ(as_file_name(name), name);
    EXPECT_NE(name.front(), '.');
  }
}

TEST(PictureNames, AreDistinctOnEveryFileSystem) {
  const std::vector<std::string> variants = {"a",      "A",       "a_1",    "a_01",      "a_job1", "a_job01", "a_job02",
                                             "\u00e9", "e\u0301", "\u00c9", "кошка",     "КОШКА",  "猫",      "CON",
                                             "nul.x",  ".hid",    "hid.",   "x.stopped", "x",      "a/b",     "a\\b",
                                             "a:b",    "a?b",     "a\nb",   "\u00df",    "ss",     "a "};
  for (const Json& snapshots : {Json::array(), Json({1}), Json({1, 10}), Json({0, 1, 2, 3})}) {
    const std::vector<std::string> names = names_of_variants(variants, snapshots);
    ASSERT_EQ(names.size(), variants.size());
    expect_distinct(names, snapshots.get<std::vector<int64_t>>());
    EXPECT_EQ(names, names_of_variants(variants, snapshots)) << "a run that is continued has others";
  }
}

TEST(PictureNames, KeepTheirLettersAndWhatTheyWere) {
  EXPECT_EQ(names_of_variants({"кошка", "собака", "猫", "nothing", "all of it"}),
            (std::vector<std::string>{"кошка", "собака", "猫", "nothing", "all_of_it"}));
  Json label = base();
  label["objective"] = {{{"class", {{"label", "кошка, домашняя"}}}}};
  EXPECT_EQ(names_of(label).front(), "class_кошка__домашняя");
}

TEST(PictureNames, AreCutBetweenCharactersAndStayDistinct) {
  std::string pictures;
  for (int i = 0; i < 100; ++i) pictures += "画";
  const std::vector<std::string> names =
      names_of_variants({pictures, pictures + "1", pictures + "2", std::string(300, 'x')}, {0, 512});
  expect_distinct(names, {0, 512});
  for (const std::string& name : names) EXPECT_LE(name.size(), 120U);
}

TEST(PictureNames, AreSortedInTheOrderOfJobsAndImages) {
  Json json = base();
  json["sweep"]["/objective/0/channel/unit"]["range"] = {0, 12};
  json["sweep"]["/seed"]["range"] = {0, 12};
  json["images"] = 11;
  const std::vector<std::string> names = names_of(json);
  ASSERT_EQ(names.size(), 144U * 11U);
  EXPECT_EQ(names[0], "a_0000_seed_0000_image00");
  EXPECT_EQ(names[11], "a_0000_seed_0001_image00");
  EXPECT_EQ(names.back(), "a_0011_seed_0011_image10");
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end())) << "seed_10 stands before seed_2";
  expect_distinct(names, {});
}

// What the words of the objective tell is not said twice; everything else that is swept over is said.
TEST(PictureNames, TellEachValueOfASweep) {
  const auto of = [](const char* sweep) {
    Json json = base();
    json["sweep"] = Json::parse(sweep);
    return names_of(json);
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(of(R"({"/objective/0/channel/layer": ["a/b", "c:pre"]})"), (Names{"a_b_0097", "c-pre_0097"}));
  EXPECT_EQ(of(R"({"/seed": [7]})"), (Names{"a_0097_seed_0007"})) << "as if there were more values";
  EXPECT_EQ(of(R"({"/objective/0/channel/unit": [7]})"), (Names{"a_0007"}));
  EXPECT_EQ(of(R"({"/objective/0/weight": [0.5, -2, 12345]})"),
            (Names{"a_0097_weight_0.5", "minus_a_0097_weight_-0002", "a_0097_weight_12345"}));
  EXPECT_EQ(of(R"({"/size": [64, [48, 64]]})"), (Names{"a_0097_size_0064", "a_0097_size_48-64"}));
  EXPECT_EQ(of(R"({"/transforms": ["none", [{"jitter": 3}]]})").front(), "a_0097_transforms_none");
  EXPECT_EQ(of(R"({"/parameterization": [{"pixel": {}}, {"fourier": {"decay_power": 1.5}}]})"),
            (Names{"a_0097_parameterization_pixel", "a_0097_parameterization_fourier_decay_power_1.5"}));
  EXPECT_EQ(of(R"({"zip": {"/objective/0/channel/unit": [1, 2], "/seed": [5, 6]}})"),
            (Names{"a_0001_seed_0005", "a_0002_seed_0006"}));
}

// A sweep that grows keeps the names that are there.
TEST(PictureNames, AreTheSameInALargerSweep) {
  const auto of = [](const char* sweep) {
    Json json = base();
    json["sweep"] = Json::parse(sweep);
    const std::vector<std::string> names = names_of(json);
    return std::set<std::string>(names.begin(), names.end());
  };
  const std::set<std::string> small = of(R"({"/seed": [3], "/objective/0/channel/unit": [9, 10]})"),
                              large = of(R"({"/objective/0/channel/unit": {"range": [0, 200]}, "/seed": [1, 30, 3]})");
  EXPECT_TRUE(std::includes(large.begin(), large.end(), small.begin(), small.end()));
}

// Two layers of one name for file systems, two classes of one label: each has its own hash, whichever comes first.
TEST(PictureNames, ThatWouldBeOneEndInAHash) {
  const auto of = [](const Json& layers) {
    Json json = base();
    json["sweep"]["/objective/0/channel/layer"] = layers;
    return names_of(json);
  };
  const std::vector<std::string> names = of({"a/b", "a_b", "A_B", "c"}), turned = of({"c", "A_B", "a_b", "a/b"});
  expect_distinct(names, {});
  EXPECT_EQ(names[3], "c_0097");
  EXPECT_EQ(names, std::vector<std::string>(turned.rbegin(), turned.rend()));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(names[i].size(), std::string("a_b_0097_").size() + 8) << names[i];
}

}  // namespace
}  // namespace phosphene::testing::picture_names_test
