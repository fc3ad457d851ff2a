// Results on stdout, everything else on stderr; and what becomes of streams that are closed, full, or read by nobody.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "layers/network/convolution.h"
#include "layers/network/relu.h"
#include "loaders/model_file.h"
#include "tests/cli/program_under_test.h"

namespace phosphene::streams_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRun =
    "render --model small.safetensors --channel conv2:3 --set /steps=4 --set /size=32 --device cpu --out ";

class Streams : public ProgramTest {
 protected:
  Streams() {
    write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
    save_classifier((folder() / "classifier.safetensors").string());
  }
  // Of a run folder, but for its times.
  [[nodiscard]] std::map<std::string, std::string> files_of(const std::string& run) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder() / run)) {
      const std::string name = entry.path().lexically_relative(folder() / run).string();
      if (entry.is_regular_file() && name.find("timing") == std::string::npos) files[name] = contents_of(entry.path());
    }
    return files;
  }
};

TEST_F(Streams, AScriptGetsThePathAndNothingElse) {
  const Outcome rendered = run(std::string(kRun) + "r");
  EXPECT_EQ(rendered.exit_code, 0);
  EXPECT_EQ(rendered.out, "r/report.html\n");
  EXPECT_EQ(rendered.err, "");
  EXPECT_EQ(run("report r").out, "r/report.html\n");
}

// Of a unit that is silent whatever it sees the image is stopped in the first step.
TEST_F(Streams, WhyAnImageWasStoppedIsToldOnce) {
  Model dead;
  dead.name = "dead";
  dead.height = dead.width = 32;
  dead.preprocessing = {{1, 1, 1}, {0, 0, 0}, {0, 1, 2}};
  dead.layers = {{"conv:pre",
                  std::make_shared<Convolution>(WindowAttributes{}, 1, Weights::from({1, 1, 1, 1, 1, 1}, {2, 3, 1, 1}),
                                                Weights::from({-1e6F, 0}, {2})),
                  {Model::kInput}},
                 {"conv", std::make_shared<Relu>(), {"conv:pre"}}};
  save_model(dead, (folder() / "dead.safetensors").string());
  const std::string silent = "render --model dead.safetensors --set /steps=3 --device cpu --channel conv:0 ";
  const auto times = [](const std::string& text, const std::string& word) {
    int count = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
    return count;
  };
  const Outcome one = run(silent + "--out one");
  EXPECT_EQ(one.exit_code, 2);
  EXPECT_EQ(one.out, "one/report.html\n");
  EXPECT_EQ(std::count(one.err.begin(), one.err.end(), '\n'), 1) << one.err;
  EXPECT_TRUE(one.err.starts_with("phosphene: error: one: an image has no result: conv_0: ")) << one.err;
  EXPECT_EQ(times(one.err, "silent"), 1) << one.err;
  const Outcome two = run(silent + "--out two --set /batch=1 --set '/sweep={\"/seed\": [1, 2]}'");
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_EQ(two.out, "two/report.html\n");
  EXPECT_EQ(times(two.err, "silent"), 2) << two.err;
  EXPECT_NE(two.err.find("error: two: 2 images have no result"), std::string::npos) << two.err;
}

TEST_F(Streams, TheDeviceIsToldWhereItIsAskedFor) {
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  for (const char* command : {"inspect small.safetensors", "classify classifier.safetensors grey.png"}) {
    EXPECT_EQ(run(command).err, "");
    const Outcome told = run(std::string(command) + " -v");
    EXPECT_TRUE(told.err.starts_with("on the CPU: ")) << told.err;
  }
  const Outcome rendered =
      run("render --model small.safetensors --channel conv2:3 --set /steps=4 --set /size=32 --out r --verbose");
  EXPECT_EQ(rendered.out, "r/report.html\n");
  EXPECT_TRUE(rendered.err.starts_with("on the CPU: ")) << rendered.err;
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST_F(Streams, AFullStandardOutputIsOneLine) {
  for (const char* command : {"--version", "--help", "inspect --help", "schema", "models", "inspect small.safetensors",
                              "completion bash", "man", "classify classifier.safetensors grey.png",
                              "probe small.safetensors --input grey.png --save conv2 -o p"}) {
    SCOPED_TRACE(command);
    expect_one_clear_line(run(command + std::string(" > /dev/full")), {"standard output", "No space left"});
    expect_one_clear_line(run(command + std::string(" >&-")), {"standard output"});
  }
}

// A file of ours may not take the place of a stream that is closed: it would be printed into.
TEST_F(Streams, ClosedStreamsChangeNoFile) {
  ASSERT_EQ(run(std::string(kRun) + "whole").exit_code, 0);
  const auto expected = files_of("whole");
  const std::pair<const char*, int> closed[] = {{"<&-", 0},          {"2>&-", 0},        {">&-", 2},
                                                {"<&- >&- 2>&-", 2}, {"2>/dev/full", 0}, {">/dev/full 2>&-", 2}};
  for (size_t i = 0; i < std::size(closed); ++i) {
    const auto& [streams, exit_code] = closed[i];
    const std::string name = fmt::format("r{}", i);
    const Outcome outcome = run(std::string(kRun) + name + " " + streams);
    EXPECT_EQ(outcome.exit_code, exit_code) << streams << ": " << outcome.err;
    EXPECT_EQ(files_of(name), expected) << streams;
  }
}

TEST_F(Streams, AStderrThatCannotBeWrittenStopsNothing) {
  fs::create_directory(folder() / "photos");
  write("photos/grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  write("photos/text.jpg", "no photograph\n");
  for (const char* broken : {"2>/dev/full", "2>&-"}) {
    fs::remove_all(folder() / "e");
    const Outcome outcome =
        run(std::string("examples small.safetensors photos --layer conv2 --units 2 --out e --device cpu ") + broken);
    EXPECT_EQ(outcome.exit_code, 0) << broken;
    EXPECT_TRUE(outcome.out.ends_with("e/examples.html\n")) << outcome.out;
  }
  for (const char* mistake : {"inspect missing", "rendr", "render --steps"})
    for (const char* broken : {" 2>/dev/full", " 2>&-"}) EXPECT_EQ(run(mistake + std::string(broken)).exit_code, 2);
}

// The exit status of a command in a pipe that nobody reads.
TEST_F(Streams, APipeThatNobodyReadsEndsQuietly) {
  const Outcome outcome = run("inspect small.safetensors; echo $? > code; } | true", "{ sleep 0.3;");
  EXPECT_EQ(contents_of(folder() / "code"), "141\n");
  EXPECT_EQ(outcome.err, "");
  // What reads the notes has gone: the work goes on.
  const Outcome noted = run("inspect small.safetensors -v 2>&1 >kept; echo $? > code; } | true", "{ sleep 0.3;");
  EXPECT_EQ(contents_of(folder() / "code"), "0\n");
  EXPECT_NE(contents_of(folder() / "kept").find("conv2"), std::string::npos);
}

// Of forty photographs all lines together are less than a buffer; the first is read long before the last is known.
TEST_F(Streams, ResultsLeaveWhenTheyAreKnown) {
  std::string photographs;
  for (int i = 0; i < 100; ++i) photographs += " grey.png";
  const Outcome outcome = run("classify classifier.safetensors --device cpu --threads 1 --top 1" + photographs +
                                  " | { read line; date +%s%N > first; cat > rest; date +%s%N > last; }",
                              "date +%s%N > start;");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto seconds = [&](const char* file) { return std::stod(contents_of(folder() / file)) * 1e-9; };
  EXPECT_LT(fs::file_size(folder() / "rest"), 4096U) << "a buffer would have been full before";
  EXPECT_GT(seconds("last") - seconds("first"), 0.3 * (seconds("last") - seconds("start")))
      << "the first came when all were known";
}

}  // namespace
}  // namespace phosphene::streams_test
