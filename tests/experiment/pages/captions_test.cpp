#include "experiment/pages/captions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/pages/setting_words.h"

namespace phosphene::testing::captions_test {
namespace {

Json record_of(const std::string& terms, const std::string& more = "{}") {
  Json record = {{"name", "a_name"}, {"image", 0}, {"layer", "4c:pre"}};
  record["terms"] = Json::parse(terms);
  record.update(Json::parse(more));
  return record;
}

struct Case {
  std::string terms, more, config;
  std::string heading, words, units;  // "LAYER:UNIT role, ..."
};

std::string in_short(const std::vector<PictureUnit>& units) {
  std::string all;
  for (const PictureUnit& unit : units) all += (all.empty() ? "" : ", ") + unit.key() + " " + unit.role;
  return all;
}

const char* const kEnds = R"([{"channel": {"layer": "4c:pre", "unit": 10}, "weight": -1, "image": 0},
                              {"channel": {"layer": "4c:pre", "unit": 10}, "image": 1}])";
const char* const kJoint = R"([{"channel": {"layer": "4c", "unit": 10}, "image": [0, 1]},
                               {"channel": {"layer": "4d", "unit": 20}, "weight": -2, "image": [1, 2]}])";

TEST(Captions, AreWordsThatAReaderWouldUse) {
  const std::vector<Case> cases = {
      {R"([{"channel": {"layer": "4c", "unit": 97}}])", "{}", "{}", "channel 97", "4c", "4c:97 positive"},
      {kEnds, "{}", R"({"images": 2})", "minus channel 10", "4c before its activation", "4c:10 negative"},
      {kEnds, R"({"image": 1})", R"({"images": 2})", "channel 10", "4c before its activation", "4c:10 positive"},
      {kJoint, R"({"image": 0})", R"({"images": 3})", "channel 10", "4c", "4c:10 positive"},
      {kJoint, R"({"image": 1})", R"({"images": 3})", "channel 10 of 4c − 2 × channel 20 of 4d", "",
       "4c:10 joint, 4d:20 joint"},
      {kJoint, R"({"image": 2})", R"({"images": 3})", "minus channel 20", "4d", "4d:20 negative"},
      {R"([{"channel": {"layer": "4c", "unit": 5}}, {"diversity": {"layer": "4c"}, "weight": -35}])",
       R"({"image": 1, "sweep": {"variant": "diverse"}})", R"({"sweep": {"variants": {"diverse": {"images": 4}}}})",
       "diverse", "channel 5 · 4c · diversity 35 · image 2 of 4", "4c:5 diverse"},
      {R"([{"neuron": {"layer": "4c:pre", "unit": 3}}])", "{}", "{}", "neuron 3 at the centre",
       "4c before its activation", "4c:3 neuron"},
      {R"([{"class": {"label": "tabby"}}])", R"({"layer": "prob", "label": "tabby"})", "{}", "tabby", "class · prob",
       "prob:tabby class"},
      {R"([{"class": {"index": 88}}])", R"({"layer": "prob", "unit": 88, "label": "macaw"})", "{}", "macaw",
       "class · prob", "prob:88 class"},
      {R"([{"class": {"index": 88}}])", R"({"layer": "prob", "unit": 88})", "{}", "class 88", "prob", "prob:88 class"},
      {R"([{"channel": {"layer": "4c", "unit": 1}}, {"total_variation": {}, "weight": -0.025}])",
       R"({"sweep": {"/objective/1/weight": -0.025, "/seed": 3}})", "{}", "channel 1",
       "4c · penalty on total variation 0.025 · seed 3", "4c:1 positive"},
      {R"([{"interpolation": {"layer": "4c", "unit": 1, "to_unit": 2}}])", R"({"image": 3})", R"({"images": 4})",
       "channel 1 to channel 2", "4c · image 4 of 4", "4c:1 joint, 4c:2 joint"},
      {R"([{"product": [{"channel": {"layer": "4c", "unit": 1}}, {"channel": {"layer": "4c", "unit": 2}}]}])", "{}",
       "{}", "channel 1 × channel 2", "4c", "4c:1 joint, 4c:2 joint"},
      {R"([{"layer": {"layer": "4c"}}])", R"({"sweep": {"/transforms": [{"pad": 16}, {"jitter": 16}, {"crop": 192}]}})",
       "{}", "the whole layer", "4c · transforms pad 16, jitter 16, crop 192", ""},
      {"[]", "{}", "{}", "a_name", "", ""},
  };
  for (const Case& expected : cases) {
    const Caption caption = caption_of(record_of(expected.terms, expected.more), Json::parse(expected.config));
    EXPECT_EQ(caption.heading, expected.heading) << expected.terms;
    EXPECT_EQ(caption.words, expected.words) << expected.terms;
    EXPECT_EQ(in_short(caption.units), expected.units) << expected.terms;
  }
}

TEST(Captions, NameSettingsAndTheirValues) {
  EXPECT_EQ(setting_in_words("/optimizer/adam/learning_rate"), "learning rate");
  EXPECT_EQ(setting_in_words("/phases/1/steps"), "steps of phase 2");
  EXPECT_EQ(setting_in_words("/objective/0"), "objective");
  EXPECT_EQ(setting_in_words("variant"), "variant");
  EXPECT_EQ(setting_value_in_words("/parameterization", {{"laplacian_pyramid", Json::object()}}), "laplacian pyramid");
  EXPECT_EQ(setting_value_in_words("/size", {120, 180}), "120, 180");
  EXPECT_EQ(setting_value_in_words("/transforms",
                                   Json::parse(R"([{"scale": [0.9, 0.95, 1, 1.05, 1.1]}, {"rotate": [-5, 5]}])")),
            "scale 0.9 … 1.1, rotate -5, 5");
  EXPECT_EQ(setting_value_in_words("/objective/0", Json::parse(R"({"class": {"label": "tabby"}})")), "class “tabby”");
  EXPECT_EQ(setting_value_in_words("/objective/1", Json::parse(R"({"l1": {}, "weight": -0.005})")), "-0.005 × l1");
  EXPECT_EQ(setting_value_in_words("/objective/0/channel", Json::parse(R"({"layer": "4c", "unit": 7})")), "channel 7");
  EXPECT_EQ(setting_value_in_words("/objective/0/channel/unit", 7), "7");
  EXPECT_EQ(setting_value_in_words("/save", Json::array()), "");
}

// Older versions and other hands wrote what this one does not.
TEST(Captions, TakeAnyRecord) {
  for (const char* terms : {"[null]", "[{}]", R"([{"channel": 3}])", R"([{"class": {}}])",
                            R"([{"channel": {"layer": 4, "unit": "x"}, "image": "no", "weight": []}])",
                            R"([{"product": [3, {"channel": []}]}])"}) {
    const Caption caption = caption_of(record_of(terms), Json::object());
    EXPECT_TRUE(caption.units.empty()) << terms;
  }
}

}  // namespace
}  // namespace phosphene::testing::captions_test
