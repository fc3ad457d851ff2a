#include "experiment/run/progress.h"

#include <gtest/gtest.h>

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
  reporter.skip(4, 32);
  reporter.report_step("unit", 3, 8, 0.5);
  reporter.add_step(2);
  reporter.report_step("unit", 3, 8, 0.5);
  reporter.add_images(2);
  for (int i = 1; i < 24; ++i) reporter.add_step(2);
  reporter.report_step("unit", 3, 8, 0.5);
  const std::string step = "/10 images  unit  step 3/8  objective 0.5";
  EXPECT_EQ(progress.lines, (std::vector<std::string>{"4" + step, "4" + step, "6" + step}));
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
}  // namespace phosphene::progress_test
