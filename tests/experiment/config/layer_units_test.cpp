#include "experiment/config/layer_units.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/config/jobs.h"
#include "experiment/config/parse_config.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"

namespace phosphene::testing::layer_units_test {
namespace {

Config config_of(const char* sweep) {
  Json json = {{"model", "small"},
               {"objective", {{{"channel", {{"layer", "conv3:pre"}, {"unit", 0}}}}}},
               {"sweep", Json::parse(sweep)}};
  return parse_config(json, "x.json", "");
}

std::vector<std::string> names_of(const char* sweep) {
  const Jobs jobs(with_units_of(small_network(), config_of(sweep)));
  std::vector<std::string> names;
  for (size_t i = 0; i < jobs.size(); ++i) names.push_back(jobs.at(i).names.front());
  return names;
}

TEST(LayerUnits, AreAsManyAsTheLayerHas) {
  EXPECT_EQ(names_of(R"({"/objective/0/channel/unit": "all"})"),
            (std::vector<std::string>{"conv3-pre_0000", "conv3-pre_0001", "conv3-pre_0002", "conv3-pre_0003",
                                      "conv3-pre_0004", "conv3-pre_0005"}));
  EXPECT_EQ(names_of(R"({"/objective/0/channel/unit": "all", "/seed": [1, 2]})").size(), 12U);
}

TEST(LayerUnits, AreEachLayersOwn) {
  const std::vector<std::string> names = names_of(
      R"({"/seed": [7, 8], "/objective/0/channel/unit": "all", "/objective/0/channel/layer": ["conv2", "conv3"]})");
  ASSERT_EQ(names.size(), 2U * (8 + 6));
  EXPECT_EQ(names[0], "conv2_0000_seed_0007");
  EXPECT_EQ(names[8], "conv3_0000_seed_0007");
  EXPECT_EQ(names.back(), "conv3_0005_seed_0008");
}

TEST(LayerUnits, OfNoLayerAreRefused) {
  const auto units = [](const char* sweep) {
    return [sweep] { (void)with_units_of(small_network(), config_of(sweep)); };
  };
  EXPECT_TRUE(refuses(units(R"({"/seed": "all"})"), {"/sweep/~1seed", "units only"}));
  EXPECT_TRUE(refuses(units(R"({"/objective/0/channel/unit": "al"})"), {"'all'"}));
  EXPECT_TRUE(refuses(
      units(R"({"/objective/0/channel/unit": "all", "/objective/0/channel/layer": ["conv2", "conv9"]})"), {"conv9"}));
  EXPECT_TRUE(refuses(units(R"({"zip": {"/objective/0/channel/unit": "all", "/seed": [1]}})"), {"/sweep/zip"}));
  EXPECT_TRUE(refuses(units(R"({"/objective/0/channel/unit": "all", "/seed": {"range": [0, 900000]}})"),
                      {"/sweep", "at most 1000000 jobs"}));
}

}  // namespace
}  // namespace phosphene::testing::layer_units_test
