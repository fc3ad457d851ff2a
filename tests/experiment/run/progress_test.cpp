#include "experiment/run/progress.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace phosphene::progress_test {
namespace {

class Recorded final : public Progress {
 public:
  [[nodiscard]] bool due() override { return is_due; }
  void on_status(const std::string& line, double eta_seconds) override {
    lines.push_back(line);
    eta.push_back(eta_seconds);
  }
  void on_message(const std::string& line) override { messages.push_back(line); }

  bool is_due = true;
  std::vector<std::string> lines;
  std::vector<double> eta;
  std::vector<std::string> messages;
};

TEST(ProgressReporter, CountsImagesAndTellsTheTimeLeft) {
  Recorded progress;
  ProgressReporter reporter(&progress);
  reporter.start(10, 80);
  reporter.skip(4, 32, true);
  ProgressReporter::UnderWay batch(reporter, {"unit", "other"}, 8, 0);
  batch.report(0.5);
  batch.add_step();
  batch.report(0.5);
  batch.finish(2);
  for (int i = 1; i < 24; ++i) batch.add_step();
  batch.report(0.5);
  const std::string of = "/10 images  unit  step ";
  EXPECT_EQ(progress.lines, (std::vector<std::string>{"4" + of + "0/8  objective 0.5", "4" + of + "1/8  objective 0.5",
                                                      "6" + of + "24/8  objective 0.5"}));
  ASSERT_EQ(progress.eta.size(), 3U);
  EXPECT_LT(progress.eta[0], 0) << "unknown before the first step";
  EXPECT_GE(progress.eta[1], 0);
  EXPECT_EQ(progress.eta[2], 0) << "after the last one";
}

TEST(ProgressReporter, TellsWhatWasMadeHereAndWhatIsUnderWay) {
  ProgressReporter reporter(nullptr);
  reporter.start(10, 80);
  reporter.skip(4, 32, true);
  reporter.skip(2, 16, false);  // of another shard
  {
    ProgressReporter::UnderWay batch(reporter, {"a", "b"}, 8, 3);
    batch.add_step();
    const Json work = reporter.work();
    EXPECT_EQ(work["image_steps_made"], 2);
    EXPECT_EQ(work["image_steps_ahead"], 32 - 2 * 3 - 2) << "three steps of each were made before";
    EXPECT_EQ(work["under_way"], Json({{{"images", {"a", "b"}}, {"step", 4}, {"steps", 8}}}));
    batch.finish(2);
  }
  EXPECT_EQ(reporter.work()["images_made"], 2);
  EXPECT_EQ(reporter.work()["under_way"], Json::array());
}

TEST(ProgressReporter, IsSilentWithoutAListener) {
  ProgressReporter silent(nullptr);
  silent.report("a line");
  EXPECT_FALSE((ProgressReporter::UnderWay(silent, {"a"}, 8, 0).due()));
  Recorded progress;
  ProgressReporter reporter(&progress);
  const ProgressReporter::UnderWay batch(reporter, {"a"}, 8, 0);
  EXPECT_TRUE(batch.due());
  progress.is_due = false;
  EXPECT_FALSE(batch.due());
  reporter.report("");
  reporter.report("a line");
  EXPECT_EQ(progress.messages, (std::vector<std::string>{"a line"}));
}

}  // namespace
}  // namespace phosphene::progress_test
