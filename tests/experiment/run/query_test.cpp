// What can be asked of a run: which of its records meet conditions, and how far it is.
#include "experiment/run/query.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "experiment/run/run_status.h"
#include "runtime/files.h"
#include "runtime/process_identity.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/compare.h"

namespace phosphene::testing::query_test {
namespace {

struct Query : ::testing::Test {
  TemporaryFolder folder;

  Query() {
    make_folder(folder.file("records"));
    write_file(folder.file("config.json"), R"({"config": {"sweep": {"/objective/0/channel/unit": {"range": [0, 6]},
                                                                   "/optimizer/adam/learning_rate": [0.5, 1]}}, "images": 9})");
    for (int unit = 0; unit < 6; ++unit) {
      const std::string name = "unit_" + std::to_string(unit);
      const Json record = {
          {"name", name},
          {"layer", unit < 4 ? "mixed4a" : "mixed4b, wide"},
          {"unit", unit},
          {"objective", 10.5 * unit - 20},
          {"spectrum", {{"slope", -unit}}},
          {"sweep", {{"/objective/0/channel/unit", unit}, {"/optimizer/adam/learning_rate", unit % 2 == 0 ? 0.5 : 1}}}};
      write_file(folder.file("records/" + name + ".json"), record.dump());
    }
  }

  std::vector<int> units(const std::string& text) const {
    std::vector<int> units;
    for (const Json& record : query(folder.path().string(), parse_query(text))) units.push_back(record["unit"]);
    return units;
  }
};

using Units = std::vector<int>;

TEST_F(Query, ConditionsChooseRecords) {
  EXPECT_EQ(units(""), (Units{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(units("unit=2"), Units{2});
  EXPECT_EQ(units("unit=0,3..4"), (Units{0, 3, 4}));
  EXPECT_EQ(units("unit!=1..4"), (Units{0, 5}));
  EXPECT_EQ(units("layer=mixed4a unit>=2"), (Units{2, 3}));
  EXPECT_EQ(units("layer='mixed4b, wide'"), (Units{4, 5}));
  EXPECT_EQ(units("layer=*wide  name!=\"unit_4\""), Units{5});
  EXPECT_EQ(units("layer=mixed4"), Units{}) << "the whole text";
  EXPECT_EQ(units("objective>-9.5 objective<=11.5"), (Units{2, 3}));
  EXPECT_EQ(units("objective<-9.5"), Units{0});
  EXPECT_EQ(units("spectrum.slope=-3"), Units{3});
  EXPECT_EQ(units("learning_rate=0.5"), (Units{0, 2, 4}));
  EXPECT_EQ(units("/optimizer/adam/learning_rate>0.5"), (Units{1, 3, 5}));
  EXPECT_EQ(units("learning_rate=5e-1"), (Units{0, 2, 4})) << "a number, however it is written";
  EXPECT_EQ(units("layer>3"), Units{}) << "a text is no number";
}

TEST_F(Query, MistakesAreTold) {
  const auto refused = [&](const std::string& text, const std::vector<std::string>& words) {
    EXPECT_TRUE(refuses([&] { units(text); }, words)) << text;
  };
  refused("objectiv>3", {"objectiv", "'objective'"});
  refused("unit", {"FIELD=VALUE", "unit"});
  refused("=3", {"FIELD=VALUE"});
  refused("unit>a", {"number", "unit>a"});
  refused("unit>1,2", {"number"});
  refused("layer='a", {"quote"});
  refused("unit!3", {"expected =", "unit!3"});
}

TEST_F(Query, PlainFieldsAreThoseOfATable) {
  EXPECT_EQ(plain_fields(query(folder.path().string(), {})),
            (std::vector<std::string>{"name", "layer", "unit", "objective", "/optimizer/adam/learning_rate"}));
}

TEST_F(Query, StatusCountsAndEstimates) {
  write_file(folder.file("records/unit_6.stopped.json"), "{}");
  const RunStatus idle = status_of(folder.path().string());
  EXPECT_EQ(idle.images, 9);
  EXPECT_EQ(idle.finished, 6);
  EXPECT_EQ(idle.given_up, 1);
  EXPECT_LT(idle.seconds_left, 0);
  EXPECT_EQ(in_words(idle), (std::vector<std::string>{"6 of 9 images finished, 1 given up",
                                                      "nobody works on it; the command that began it continues"}));
  const ProcessIdentity self = this_process();
  make_folder(folder.file("processes"));
  // In 100 s three images and a half of two: four images.
  write_file(folder.file("processes/one.json"),
             Json({{"host", "node"},
                   {"space", self.space},
                   {"pid", self.pid},
                   {"clock_ticks_at_start", self.started},
                   {"seconds", 100.0},
                   {"images_made", 3},
                   {"under_way", {{{"images", {"unit_7", "unit_8"}}, {"step", 64}, {"steps", 128}}}}})
                 .dump());
  write_file(folder.file("processes/two.json"), Json({{"host", "node"},
                                                      {"space", self.space},
                                                      {"pid", self.pid},
                                                      {"clock_ticks_at_start", self.started + 1},
                                                      {"seconds", 1.0},
                                                      {"images_made", 100}})
                                                    .dump());
  const RunStatus busy = status_of(folder.path().string());
  EXPECT_EQ(busy.under_way, 2);
  EXPECT_DOUBLE_EQ(busy.images_an_hour, 144);
  EXPECT_DOUBLE_EQ(busy.seconds_left, 25) << "half of two is left";
  EXPECT_EQ(
      in_words(busy),
      (std::vector<std::string>{
          "6 of 9 images finished, 1 given up, 2 under way", "144 images an hour, 25 s left",
          "process " + std::to_string(self.pid) + " on node: 3 made in 1 min 40 s, step 64 of 128 of unit_7 and 1 more",
          "process " + std::to_string(self.pid) + " on node has died; the next one takes over what it had"}));
  EXPECT_EQ(to_json(busy)["processes"][1]["alive"], false);
  EXPECT_TRUE(refuses([&] { static_cast<void>(status_of(folder.file("records"))); }, {"no run folder"}));
}

}  // namespace
}  // namespace phosphene::testing::query_test
