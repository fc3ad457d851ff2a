// Text and names as people have them: paths from where one stands, any bytes, any length.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "loaders/json_text.h"
#include "tests/cli/program_under_test.h"

namespace phosphene::text_test {
namespace {

constexpr const char* kConfig = R"({"model": "../small.safetensors", "size": 32, "steps": 1,
  "objective": [{"channel": {"layer": "conv2", "unit": 1}}]})";

class TextOfPeople : public ProgramTest {
 protected:
  TextOfPeople() {
    std::filesystem::create_directory(folder() / "configs");
    write("configs/c.json", kConfig);
    write("me.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  }
  [[nodiscard]] nlohmann::json json_of(const std::string& name) const {
    return nlohmann::json::parse(contents_of(folder() / name));
  }
  [[nodiscard]] std::set<std::string> names_in(const std::string& name) const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / name))
      names.insert(entry.path().filename().string());
    return names;
  }
};

TEST_F(TextOfPeople, FilesOfTheCommandLineAreThoseWhereOneStands) {
  for (const char* name : {"me.png", "./me.png", "~/me.png"}) {
    const Outcome outcome =
        run(std::string("render configs/c.json --dry-run --device cpu --set '/initial=") + name + "'", "HOME=$PWD");
    EXPECT_EQ(outcome.exit_code, 0) << name << ": " << outcome.err;
  }
  EXPECT_EQ(run("render configs/c.json --dry-run --device cpu --set /model=./small.safetensors").exit_code, 0);
  expect_one_clear_line(run("render configs/c.json --dry-run --set /initial=mee.png"),
                        {"--set /initial", (folder() / "mee.png").string(), "did you mean 'me.png'"});
  expect_one_clear_line(run("render configs/c.json --dry-run --set /model=./m.safetensors"),
                        {(folder() / "m.safetensors").string(), "no such model"});
}

TEST_F(TextOfPeople, ARunIsContinuedFromAnotherFolder) {
  ASSERT_EQ(run("render configs/c.json --out r --device cpu --set /initial=me.png").exit_code, 0);
  EXPECT_EQ(json_of("r/config.json")["config"]["initial"], (folder() / "me.png").string());
  const Outcome again = run("render c.json --out ../r --device cpu --set /initial=../me.png", "cd configs;");
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST_F(TextOfPeople, TwoCommandsNeverShareAFolder) {
  std::string units = "--model small.safetensors --set /steps=1 --set /size=32 --device cpu";
  for (int unit = 0; unit < 8; ++unit) units += " --channel conv2:" + std::to_string(unit);
  for (int unit = 0; unit < 4; ++unit) units += " --neuron conv2:" + std::to_string(unit);
  std::set<std::string> reports;
  for (const std::string last :
       {" --channel conv1:pre:0", " --channel conv1:pre:1", " --channel conv1:pre:1 --set /seed=1"}) {
    const Outcome outcome = run("render " + units + last);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(reports.insert(outcome.out).second) << outcome.out;
    EXPECT_EQ(run("render " + units + last).out, outcome.out) << "it is continued elsewhere";
  }
  const std::string one = "render --model small.safetensors --channel conv2:1 --set /size=32 --device cpu";
  EXPECT_EQ(run(one + " --set /steps=1").out, "runs/small-conv2_1/report.html\n");
  EXPECT_TRUE(run(one + " --set /steps=2").out.starts_with("runs/small-conv2_1-"));
}

TEST_F(TextOfPeople, NamesThatAreNoUtf8WorkEverywhere) {
  write("caf\xe9.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  std::filesystem::copy_file(folder() / "small.safetensors", folder() / "n\xff.safetensors");
  const Outcome outcome =
      run("render configs/c.json --out 'r/\xe9 #1' --device cpu --set '/initial=caf\xe9.png' --set "
          "'/model=n\xff.safetensors'");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string initial = json_of("r/\xe9 #1/config.json")["config"]["initial"];
  EXPECT_EQ(as_bytes(initial), (folder() / "caf\xe9.png").string());
  const Outcome again =
      run("render configs/c.json --out 'r/\xe9 #1' --device cpu --set '/initial=caf\xe9.png' --set "
          "'/model=n\xff.safetensors'");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  const Outcome page = run("report r");
  EXPECT_EQ(page.exit_code, 0) << page.err;
  EXPECT_NE(contents_of(folder() / "r/report.html").find("\"\ufffdE9 #1/images/conv2_1.png\""), std::string::npos);
  // A config may name a file so as well.
  std::string config = kConfig;
  config.insert(1, "\"initial\": \"../caf\ufffdE9.png\", ");
  write("configs/c.json", config);
  EXPECT_EQ(run("render configs/c.json --dry-run --device cpu").exit_code, 0);
}

TEST_F(TextOfPeople, NothingMovesTheCursor) {
  const std::string evil = "\x1b[2J\x07\r\u009b\u202e\x7f";
  std::vector<Outcome> outcomes = {
      run("render configs/c.json --dry-run --device cpu --set '/objective/0/channel/layer=a" + evil + "'"),
      run("render configs/c.json --dry-run --set '/" + evil + "=1'"),
      run("render 'none" + evil + ".json'"),
      run("inspect 'none" + evil + "'"),
      run("--" + evil),
      run("'" + evil + "'"),
      run("classify small.safetensors 'none" + evil + ".jpg'"),
      run("render --model small.safetensors --channel 'x" + evil + ":1'"),
      run("report 'none" + evil + "'"),
  };
  for (const Outcome& outcome : outcomes) expect_one_clear_line(outcome, {});
  // What goes well tells names, too: of models, of the run folder, of photographs.
  const std::string copies = "cp small.safetensors 'm" + evil + ".safetensors'; cp me.png 'p" + evil + ".png';";
  for (const std::string& command :
       {"render configs/c.json --dry-run --device cpu --set '/model=m" + evil + ".safetensors'",
        "render configs/c.json --device cpu --out 'r" + evil + "\nx'",
        "inspect 'm" + evil + ".safetensors' --device cpu",
        "gradients small.safetensors 'p" + evil + ".png' --layer conv2 --unit 1 --at conv1 --device cpu --out 'g" +
            evil + "'"}) {
    outcomes.push_back(run(command, copies));
    EXPECT_EQ(outcomes.back().exit_code, 0) << outcomes.back().err;
  }
  EXPECT_EQ(std::count(outcomes[outcomes.size() - 3].out.begin(), outcomes[outcomes.size() - 3].out.end(), '\n'), 1);
  for (const Outcome& outcome : outcomes) {
    for (const char* part : {"\x1b", "\x07", "\r", "\u009b", "\u202e", "\x7f"})
      EXPECT_EQ((outcome.out + outcome.err).find(part), std::string::npos) << outcome.err;
  }
}

TEST_F(TextOfPeople, LongValuesAreShortened) {
  const std::string longer(10000, 'x');
  for (const Outcome& outcome :
       {run("render configs/c.json --set /steps=" + longer), run("render configs/c.json --set /" + longer + "=1"),
        run("render configs/c.json --set /model=" + longer), run("render " + longer + ".json"),
        run("inspect " + longer), run("--" + longer), run(longer),
        run("render configs/c.json --set '/transforms=" + longer + "'"),
        run("render configs/c.json --set '/objective/0={\"" + longer + "\": 1}'"),
        run("render configs/c.json --dry-run --device cpu --set /objective/0/channel/layer=" + longer)}) {
    expect_one_clear_line(outcome, {"xxx"});
    EXPECT_LE(outcome.err.size(), 301U) << outcome.err;
    EXPECT_EQ(outcome.err.find(std::string(161, 'x')), std::string::npos) << outcome.err;
  }
}

TEST_F(TextOfPeople, AFolderWhoseNameIsTooLongIsRefusedByTheDryRun) {
  const std::string out = " --device cpu --out " + std::string(300, 'x');
  expect_one_clear_line(run("render configs/c.json --dry-run" + out), {"xxx", "cannot be made", "too long"});
  expect_one_clear_line(run("render configs/c.json" + out), {"xxx", "cannot be made", "too long"});
}

TEST_F(TextOfPeople, ConfigsMayHaveAMarkASchemaAndWindowsLines) {
  std::string config = kConfig;
  config.insert(1, "\r\n\"$schema\": \"config.schema.json\",\r\n");
  write("configs/c.json", "\xEF\xBB\xBF" + config);
  ASSERT_EQ(run("render configs/c.json --out r --device cpu").exit_code, 0);
  EXPECT_FALSE(json_of("r/config.json")["config"].contains("$schema"));
  write("configs/c.json", kConfig);
  EXPECT_EQ(run("render configs/c.json --out r --device cpu").exit_code, 0) << "it is the same run";
  std::string wide = "\xFF\xFE";
  for (const char c : std::string(kConfig)) wide += {c, '\0'};
  write("configs/c.json", wide);
  expect_one_clear_line(run("render configs/c.json"), {"UTF-16"});
  write("configs/c.json", "{\"title\": \"caf\xe9\"}");
  expect_one_clear_line(run("render configs/c.json"), {"line 1", "not UTF-8"});
}

TEST_F(TextOfPeople, PicturesHaveNamesOfTheirOwn) {
  nlohmann::json config = nlohmann::json::parse(kConfig);
  for (const char* name : {"кошка", "Кошка", "a", "A", "a_1", ".x", "CON", "e\u0301", "\u00e9"})
    config["sweep"]["variants"][name] = nlohmann::json::object();
  config["sweep"]["variants"][std::string(300, 'y')] = nlohmann::json::object();
  config["snapshots"] = {1};
  write("configs/c.json", config.dump());
  ASSERT_EQ(run("render configs/c.json --out r --device cpu").exit_code, 0);
  EXPECT_EQ(names_in("r/records").size(), 10U);
  EXPECT_EQ(names_in("r/images").size(), 20U);
  for (const std::string& name : names_in("r/images")) EXPECT_FALSE(name.starts_with(".") || name.starts_with("CON"));
}

}  // namespace
}  // namespace phosphene::text_test
