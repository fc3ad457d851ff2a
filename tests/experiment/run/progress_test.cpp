#include "experiment/run/progress.h"

#include <gtest/gtest.h>

#include <vector>

namespace phosphene::testing {
namespace {

class Recorded final : public Progress {
 public:
  [[nodiscard]] bool due() override { return is_due; }
  void on_step(const std::string& name, int64_t images_done, int64_t images, int64_t step, int64_t steps,
               double objective, double eta_seconds) override {
    EXPECT_EQ(name, "unit");
    EXPECT_EQ(images, 10);
    EXPECT_EQ(step, 3);
    EXPECT_EQ(steps, 8);
    EXPECT_EQ(objective, 0.5);
    done.push_back(images_done);
    eta.push_back(eta_seconds);
  }
  void on_message(const std::string& line) override { messages.push_back(line); }

  bool is_due = true;
  std::vector<int64_t> done;
  std::vector<double> eta;
  std::vector<std::string> messages;
};

TEST(ProgressReporter, CountsImagesAndTellsTheTimeLeft) {
  Recorded progress;
  ProgressReporter reporter(&progress);
  reporter.start(10, 4, 48);
  reporter.report_step("unit", 3, 8, 0.5);
  reporter.add_step(2);
  reporter.report_step("unit", 3, 8, 0.5);
  reporter.add_images(2);
  for (int step = 1; step < 24; ++step) reporter.add_step(2);
  reporter.report_step("unit", 3, 8, 0.5);
  EXPECT_EQ(progress.done, (std::vector<int64_t>{4, 4, 6}));
  ASSERT_EQ(progress.eta.size(), 3U);
  EXPECT_LT(progress.eta[0], 0) << "unknown before the first step";
  EXPECT_GE(progress.eta[1], 0);
  EXPECT_EQ(progress.eta[2], 0) << "after the last one";
}

TEST(ProgressReporter, IsSilentWithoutAListener) {
  ProgressReporter silent(nullptr);
  silent.report("a line");
  EXPECT_FALSE(silent.due());
  Recorded progress;
  ProgressReporter reporter(&progress);
  EXPECT_TRUE(reporter.due());
  progress.is_due = false;
  EXPECT_FALSE(reporter.due());
  reporter.report("");
  reporter.report("a line");
  EXPECT_EQ(progress.messages, (std::vector<std::string>{"a line"}));
}

}  // namespace
}  // namespace phosphene::testing
