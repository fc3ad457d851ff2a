#include "experiment/run/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiment/run/report_data.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::report_test {
namespace {

// The JSON that the page carries.
Json data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"run\">";
  const size_t first = page.find(open) + open.size();
  return Json::parse(page.substr(first, page.find("</script>", first) - first));
}

TEST(Report, CarriesTheRunInTheOrderOfItsJobs) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["sweep"] = {
      {"/objective/0/channel",
       {{{"layer", "conv3"}, {"unit", 1}}, {{"layer", "conv2"}, {"unit", 2}}, {{"layer", "conv1"}, {"unit", 7}}}}};
  const std::string page = contents_of(render(folder, config, folder.file("run")).report);
  const Json run = data_of(page);
  for (const char* marker : {"@HEAD@", "@DATA@"}) EXPECT_EQ(page.find(marker), std::string::npos) << marker;
  EXPECT_NE(page.find("<style>"), std::string::npos);
  EXPECT_EQ(run["config"]["model"], "small");
  ASSERT_EQ(run["records"].size(), 2U);
  EXPECT_EQ(run["records"][0]["layer"], "conv3");
  EXPECT_EQ(run["records"][1]["layer"], "conv2");
  ASSERT_EQ(run["stopped"].size(), 1U);
  for (const char* far : {"http://", "https://", "@import", " src=\"//"}) {
    const size_t at = page.find(far);
    EXPECT_TRUE(at == std::string::npos || page.compare(at, 18, "http://www.w3.org/") == 0)
        << "the page reaches for the network: " << far;
  }
}

TEST(Report, SaysWhatEachPictureIs) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["images"] = 2;
  config["snapshots"] = {3};
  config["objective"] = Json::parse(R"([{"interpolation": {"layer": "conv3:pre", "unit": 1, "to_unit": 2}},
      {"neuron": {"layer": "conv2:pre", "unit": 2, "row": 1, "column": 3}, "weight": -0.5, "image": 0},
      {"total_variation": {}, "weight": -1e-6}])");
  const Json records = data_of(contents_of(render(folder, config, folder.file("run")).report))["records"];
  EXPECT_EQ(records[0]["heading"],
            "channel 1 to channel 2 of conv3 before its activation − 0.5 × neuron 2 at (1, 3) of conv2 before its "
            "activation");
  EXPECT_EQ(records[1]["heading"], "channel 1 to channel 2");
  EXPECT_EQ(records[1]["words"], "conv3 before its activation · penalty on total variation 1e-06");
  for (const Json& record : records) {
    const Json written = record_of(folder.file("run"), record["name"]);
    for (const char* key : {"picture", "objective", "steps", "seed", "image", "snapshots"})
      EXPECT_EQ(record[key], written[key]) << key;
  }
}

// Twelve bits between the lowest and the highest: half a part is the most that a point is off. The third point lies .8 of a part above one.
TEST(Report, PacksCurves) {
  const Json curve = {{0, -3.5}, {4, 10.25}, {8, 7.0024}, {11, 2}};
  const Json packed = packed_curve(curve);
  EXPECT_EQ(packed["every"], 4);
  EXPECT_EQ(packed["last"], 11);
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                    points = packed["points"];
  ASSERT_EQ(points.size(), 8U);
  for (size_t i = 0; i < 4; ++i) {
    const double level = static_cast<double>(digits.find(points[2 * i]) * 64 + digits.find(points[2 * i + 1]));
    EXPECT_NEAR(-3.5 + 13.75 * level / 4095, curve[i][1].get<double>(), 13.75 / 4095 / 2 + 1e-9) << i;
  }
  for (const char* other : {"[]", "[[0, 1]]", "[[0, 1], [1, 2], [5, 3], [6, 4]]", "[[0, null], [1, 2]]", "[1, 2]"})
    EXPECT_EQ(packed_curve(Json::parse(other)), Json::parse(other));
}

TEST(Report, OfSeveralRunsHasASectionForEach) {
  const TemporaryFolder folder;
  Json config = small_config(folder);
  config["description"] = "what the first shows";
  config["snapshots"] = {3, 12};
  render(folder, config, folder.file("runs/02_b"));
  config["description"] = "what the other shows";
  render(folder, config, folder.file("runs/01_a"));
  std::filesystem::create_directories(folder.file("runs/no_run"));
  const std::string path = write_collection(folder.file("runs"));
  EXPECT_EQ(path, folder.file("runs/report.html"));
  const std::string page = contents_of(path);
  const std::string open = "id=\"collection\">";
  const size_t first = page.find(open) + open.size();
  const Json sections = Json::parse(page.substr(first, page.find("</script>", first) - first))["sections"];
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_EQ(sections[0]["description"], "what the other shows");
  EXPECT_NE(page.find("\"name\":\"runs\""), std::string::npos);
  EXPECT_EQ(sections[1]["name"], "02_b");
  ASSERT_EQ(sections[1]["pictures"].size(), 2U);  // step 3, and the end, which is step 12
  for (const Json& picture : sections[1]["pictures"])
    EXPECT_TRUE(std::filesystem::exists(folder.file("runs/" + picture["picture"].get<std::string>())));
  EXPECT_TRUE(refuses([&] { write_collection(folder.file("runs/no_run")); }, {"no_run", "no run folder"}));
}

// A layer's name cannot end the script that carries it.
TEST(Report, TextsCannotBreakOut) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.file("records"));
  const std::string hostile = "</script><script>alert(1)</script><!--";
  const Json config = {{"phosphene", "0"}, {"model", hostile}, {"config", Json::object()}};
  (void)folder.write("config.json", config.dump());
  const std::string page = contents_of(write_report(folder.path().string()));
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(data_of(page)["config"]["model"], hostile);
}

}  // namespace
}  // namespace phosphene::testing::report_test
