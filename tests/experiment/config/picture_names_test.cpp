// The names of all pictures of a run, as a set.
#include "experiment/config/picture_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "experiment/config/parse_config.h"
#include "experiment/config/sweep.h"

namespace phosphene::testing::picture_names_test {
namespace {

Json base() { return Json::parse(R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 97}}]})"); }

std::vector<std::string> names_of(const Json& json) {
  std::vector<std::string> names;
  for (const Job& job : expand(parse_config(json, "x.json", "")))
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
    for (const int64_t step : snapshots) of_it.push_back("images/" + snapshot_name(name, step) + ".png");
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
  json["sweep"]["/seed"]["range"] = {0, 120};
  json["images"] = 11;
  const std::vector<std::string> names = names_of(json);
  ASSERT_EQ(names.size(), 120U * 11U);
  EXPECT_EQ(names[0], "a_97_image00");
  EXPECT_EQ(names[11], "a_97_job001_image00");
  EXPECT_EQ(names.back(), "a_97_job119_image10");
  EXPECT_TRUE(std::is_sorted(names.begin() + 11, names.end())) << "job10 stands before job2";
}

TEST(PictureNames, OfNineJobsHaveNoZeros) {
  Json json = base();
  json["sweep"]["/seed"] = {1, 2, 3};
  EXPECT_EQ(names_of(json), (std::vector<std::string>{"a_97", "a_97_job1", "a_97_job2"}));
}

}  // namespace
}  // namespace phosphene::testing::picture_names_test
