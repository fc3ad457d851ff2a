#include "experiment/config/sweep.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/config/jobs.h"
#include "experiment/config/parse_config.h"
#include "experiment/config/sweep_keys.h"

namespace phosphene::testing::sweep_test {
namespace {

Sweep sweep_of(const char* text) {
  const Json json = Json::parse(text);
  return read_sweep(JsonReader(json, "x.json", "/sweep"));
}

TEST(Sweep, ZippedKeysChangeTogether) {
  const Sweep sweep = sweep_of(R"({"/steps": [1, 2], "zip": {"/a": ["x", "y", "x"], "/b": {"range": [5, 11, 2]}}})");
  EXPECT_EQ(sweep.jobs(), 6U);
  using Values = std::vector<std::pair<std::string, Json>>;
  EXPECT_EQ(sweep.values(0), (Values{{"/steps", 1}, {"/a", "x"}, {"/b", 5}}));
  EXPECT_EQ(sweep.values(2), (Values{{"/steps", 1}, {"/a", "x"}, {"/b", 9}}));
  EXPECT_EQ(sweep.values(4), (Values{{"/steps", 2}, {"/a", "y"}, {"/b", 7}}));
}

TEST(Sweep, ARangeIsItsValues) {
  const auto values = [](const char* text) {
    const Sweep sweep = sweep_of(text);
    const SweptKey& key = sweep.axes.front().keys.front();
    Json all = Json::array();
    for (size_t i = 0; i < key.size(); ++i) all.push_back(key.at(i));
    return all;
  };
  EXPECT_EQ(values(R"({"/a": {"range": [-2, 1]}})"), Json({-2, -1, 0}));
  EXPECT_EQ(values(R"({"/a": {"range": [0, 7, 3]}})"), Json({0, 3, 6}));
  EXPECT_EQ(values(R"({"/a": {"range": [0, 6, 3]}})"), Json({0, 3}));
  EXPECT_EQ(values(R"({"/a": {"range": [16777215, 16777216]}})"), Json({16777215}));
}

// What was rendered must be part of what is rendered now.
TEST(Sweep, MayGrow) {
  const auto missing = [](const char* now, const char* before) { return missing_in(sweep_of(now), sweep_of(before)); };
  EXPECT_EQ(missing(R"({"/a": [1, 2], "/b": [0]})", R"({"/b": [0], "/a": {"range": [1, 3]}})"), "");
  EXPECT_EQ(missing(R"({"/a": {"range": [0, 900]}})", R"({"/a": [7, 3]})"), "");
  EXPECT_EQ(missing(R"({"/a": [3]})", R"({"/a": [7, 3]})"), "'/a' had 7");
  EXPECT_EQ(missing(R"({"/a": [3], "/b": [1]})", R"({"/a": [3]})"), "'/b' was no axis");
  EXPECT_EQ(missing(R"({"/a": [3]})", R"({"/a": [3], "/b": [1]})"), "'/b' was an axis");
  EXPECT_EQ(missing(R"({"zip": {"/a": [3, 4], "/b": [1, 2]}})", R"({"zip": {"/a": [3, 4], "/b": [1, 9]}})"),
            "'/a' with '/b' had 4 with 9");
  EXPECT_EQ(missing(R"({"variants": {"x": {}, "y": {}}})", R"({"variants": {"x": {}}})"), "");
  EXPECT_EQ(missing(R"({"variants": {"y": {}}})", R"({"variants": {"x": {}}})"), "it had the variant 'x'");
  EXPECT_EQ(missing(R"({"variants": {"x": {}}})", R"({"variants": {"x": {"seed": 1}}})"),
            "the variant 'x' was {\"seed\":1}");
  EXPECT_NE(missing(R"({"variants": {"x": {}}})", R"({})"), "");
}

TEST(Sweep, JobsHaveTheirPlace) {
  const char* text = R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 0}}],
      "sweep": {"/seed": {"range": [0, 3]}, "variants": {"x": {}, "y": {}},
                "zip": {"/steps": [5, 6], "/objective/0/channel/unit": [8, 9]}}})";
  const Config config = parse_config(Json::parse(text), "x.json", "");
  const Jobs jobs(config);
  const JobOrder order(config.sweep);
  ASSERT_EQ(jobs.size(), 12U);
  for (size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(order.index_of(*jobs.at(i).values), i);
  EXPECT_EQ(order.index_of(Json::object()), 12U) << "no job of these values";
  EXPECT_EQ(JobOrder(Sweep()).index_of(Json::object()), 0U);
}

// 10^6 configs of 2.5 kB would be 2.5 GB.
TEST(Sweep, OfAMillionJobsMakesThoseThatAreAskedFor) {
  const char* text = R"({"model": "m", "objective": [{"channel": {"layer": "a", "unit": 0}}],
      "sweep": {"/objective/0/channel/unit": {"range": [0, 1000]}, "/seed": {"range": [0, 1000]}}})";
  const Jobs jobs(parse_config(Json::parse(text), "x.json", ""));
  EXPECT_EQ(jobs.size(), 1000000U);
  const Job last = jobs.at(999999);
  EXPECT_EQ(last.config.seed, 999U);
  EXPECT_EQ(last.names, std::vector<std::string>{"a_0999_seed_0999"});
}

}  // namespace
}  // namespace phosphene::testing::sweep_test
