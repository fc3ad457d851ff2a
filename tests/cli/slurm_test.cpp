// phosphene slurm with a stand-in for sbatch, which runs a script at once. tests/slurm has the real one.
#include <fmt/format.h>

#include <fstream>
#include <set>

#include "tests/cli/program_under_test.h"

namespace phosphene::slurm_test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig =
    R"({"version": 1, "model": "small.safetensors", "objective": [{"channel": {"layer": "conv2", "unit": 3}}], "size": 32,
        "steps": 2, "transforms": "none", "sweep": {"/objective/0/channel/unit": [0, 1, 2]}})";

class Slurm : public ProgramTest {
 protected:
  Slurm() {
    write("c.json", kConfig);
    fs::create_directories(folder() / "bin");
    stand_in("echo \"$*\" >> calls\necho >> jobs\nsh \"$last\" >> log 2>&1\nwc -l < jobs");
  }

  // What sbatch does from now on; $last is the script.
  void stand_in(const std::string& commands) const {
    write("bin/sbatch", "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nfor last; do :; done\n" + commands + "\n");
    fs::permissions(folder() / "bin/sbatch", fs::perms::owner_all);
  }

  [[nodiscard]] Outcome slurm(const std::string& arguments) const {
    return run("slurm " + arguments, fmt::format("export PATH='{}/bin':$PATH;", folder().string()));
  }
  [[nodiscard]] std::string text(const std::string& name) const { return contents_of(folder() / name); }
  [[nodiscard]] bool nothing_was_submitted() const { return !fs::exists(folder() / "calls"); }
};

// Every line of `text` that begins like this.
std::vector<std::string> lines_with(const std::string& text, const std::string& begin) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(begin)) lines.push_back(line);
  return lines;
}

TEST_F(Slurm, SubmitsTheTasksAndThenTheReport) {
  const Outcome outcome = slurm(
      "c.json --out r/ --array 3 --sbatch-option=--partition=gpu --sbatch-option '--comment=a \"b\\ #j' -- --set "
      "/steps=3 --device cpu");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "1\n2\n");
  EXPECT_NE(outcome.err.find("3 in 3 jobs"), std::string::npos) << "what render would do: " << outcome.err;
  const std::string scripts = fs::canonical(folder() / "r.slurm").string();
  EXPECT_EQ(
      text("calls"),
      fmt::format(
          "--parsable {0}/render.sh\n--parsable --dependency=afterany:1 --kill-on-invalid-dep=yes {0}/report.sh\n",
          scripts));
  EXPECT_EQ(lines_with(text("r.slurm/render.sh"), "#SBATCH"),
            (std::vector<std::string>{"#SBATCH --array=1-3", "#SBATCH --job-name=r",
                                      "#SBATCH --output=" + scripts + "/%A_%a.log", "#SBATCH --open-mode=append",
                                      "#SBATCH --requeue", "#SBATCH --signal=B:TERM@30", "#SBATCH --partition=gpu",
                                      R"(#SBATCH "--comment=a \"b\\ #j")"}));
  EXPECT_EQ(lines_with(text("r.slurm/report.sh"), "#SBATCH"),
            (std::vector<std::string>{"#SBATCH --partition=gpu", R"(#SBATCH "--comment=a \"b\\ #j")",
                                      "#SBATCH --job-name=r-report", "#SBATCH --output=" + scripts + "/report_%j.log",
                                      "#SBATCH --open-mode=append", "#SBATCH --requeue"}));
  EXPECT_EQ(lines_with(text("log"), "phosphene: error"), std::vector<std::string>{}) << text("log");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder() / "r/images"), fs::directory_iterator()), 3);
  EXPECT_NE(text("r/config.json").find("\"steps\": 3"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder() / "r/report.html"));
}

// In the folder that one stands in, the config's and the run's. `slurm` runs render, the shell reads the script.
TEST_F(Slurm, NamesMayHoldAnything) {
  const std::string odd = "a 'b' \"c\" $HOME `id` * ? %A #é; &~!(x) {y} <z> |";
  const std::string quoted = R"("a 'b' \"c\" \$HOME \`id\` * ? %A #é; &~!(x) {y} <z> |")";
  fs::create_directories(folder() / odd);
  fs::copy(folder() / "small.safetensors", folder() / odd);
  write(odd + "/" + odd + ".json", kConfig);
  write(odd + "/-", "");
  const Outcome outcome = run("slurm " + quoted + ".json --out " + quoted + " --array 2",
                              fmt::format("export PATH='{0}/bin':$PATH; cd {1};", folder().string(), quoted));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const fs::path here = folder() / odd;
  EXPECT_TRUE(fs::exists(here / odd / "report.html")) << contents_of(here / "log");
  EXPECT_EQ(std::distance(fs::directory_iterator(here / odd / "images"), fs::directory_iterator()), 3);
  const std::vector<std::string> logs =
      lines_with(contents_of(here / (odd + ".slurm") / "render.sh"), "#SBATCH \"--output=");
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_TRUE(logs[0].ends_with(R"(a 'b' \"c\" $HOME `id` * ? %%A #é; &~!(x) {y} <z> |.slurm/%A_%a.log")")) << logs[0];
}

TEST_F(Slurm, DryRunPrintsWhatWouldBeSubmittedAndWritesNothing) {
  const Outcome alone = slurm("--out r --array 2 --dry-run --no-check -- --model small.safetensors --class '[a,b]'");
  EXPECT_NE(alone.out.find("render --out r --model small.safetensors --class '[a,b]'\n"), std::string::npos)
      << alone.out;
  const Outcome printed = slurm("c.json --out r --array 2 --dry-run -- --set '/title=[x,y] z' --device cpu");
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_NE(printed.out.find("exec " + std::string(PHOSPHENE_PROGRAM) +
                             " render --out r c.json --set '/title=[x,y] z' --device cpu\n"),
            std::string::npos)
      << printed.out;
  EXPECT_NE(printed.out.find("exec " + std::string(PHOSPHENE_PROGRAM) + " report r\n"), std::string::npos)
      << printed.out;
  EXPECT_NE(printed.err.find("mkdir -p "), std::string::npos) << printed.err;
  EXPECT_FALSE(fs::exists(folder() / "r"));
  EXPECT_FALSE(fs::exists(folder() / "r.slurm"));
  EXPECT_TRUE(nothing_was_submitted());
  const Outcome submitted = slurm("c.json --out r --array 2 -- --set '/title=[x,y] z' --device cpu");
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_EQ(text("r.slurm/render.sh") + "\n" + text("r.slurm/report.sh"), printed.out);
}

TEST_F(Slurm, TheDefaultFolderIsRendersOwn) {
  const Outcome outcome = slurm("c.json --array 1 -- --device cpu");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder() / "runs/c/report.html")) << text("log");
  EXPECT_TRUE(fs::exists(folder() / "runs/c.slurm/render.sh"));
}

TEST_F(Slurm, AMistakeOfRendersShowsBeforeAnythingIsSubmitted) {
  expect_one_clear_line(slurm("none.json --array 2"), {"none.json", "nothing is submitted"});
  expect_one_clear_line(slurm("c.json --array 2 -- --set /stesp=3"), {"stesp", "steps", "nothing is submitted"});
  expect_one_clear_line(slurm("c.json --array 2 -- --threds 3"), {"'--threds'", "'--threads'", "nothing is submitted"});
  expect_one_clear_line(slurm("c.json c.json --array 2"), {"expected one config", "nothing is submitted"});
  expect_one_clear_line(slurm("--out r --array 2"), {"give a CONFIG.json", "nothing is submitted"});
  expect_one_clear_line(slurm("c.json --array 2 --out c.json"), {"c.json: is a file", "nothing is submitted"});
  EXPECT_TRUE(nothing_was_submitted());
  EXPECT_FALSE(fs::exists(folder() / "runs"));
  EXPECT_EQ(slurm("none.json --array 2 --no-check").exit_code, 0);
  EXPECT_FALSE(nothing_was_submitted());
}

TEST_F(Slurm, WhatWouldMakeTasksUselessIsRefused) {
  for (const std::string out : {"--out r", "--out=r"})
    expect_one_clear_line(slurm("c.json --array 2 -- " + out), {"--out", "before --"});
  expect_one_clear_line(slurm("c.json --array 2 -- --dry-run"), {"--dry-run", "before --"});
  expect_one_clear_line(slurm("c.json --array 2 -- --shard 1/2"), {"--shard", "divide"});
  expect_one_clear_line(slurm("c.json --array 2 -- --autotune"), {"--autotune", "alone"});
  for (const std::string help : {"-h", "--help", "-vh"})
    expect_one_clear_line(slurm("c.json --array 2 -- " + help), {help, "phosphene render --help"});
  expect_one_clear_line(slurm("c.json --array 2 --set /steps=3"),
                        {"--set is an option of render", "behind --", "-- RENDER-OPTION"});
  expect_one_clear_line(slurm("c.json"), {"--array is missing", "phosphene slurm [CONFIG.json] --array N"});
  expect_one_clear_line(slurm("-- c.json --array 2"), {"--array is missing"});
  expect_one_clear_line(slurm("c.json --array 0"), {"--array: expected a whole number from 1", "got 0"});
  expect_one_clear_line(slurm("c.json --array 1-12"), {"--array: expected a whole number", "got 1-12"});
  expect_one_clear_line(slurm("--array 2 -- --model small.safetensors --channel conv2:1"),
                        {"--out", "without a config"});
  expect_one_clear_line(slurm("c.json --array 2 --sbatch-option gpu"),
                        {"--sbatch-option", "--partition=gpu", "got 'gpu'"});
  for (const std::string array : {"--array=1-4", "-a1-4", "--arr=1-4"})
    expect_one_clear_line(slurm("c.json --array 2 --sbatch-option=" + array), {"--sbatch-option", array, "--array N"});
  expect_one_clear_line(slurm("c.json --array 2 --sbatch-option=\"--comment=a\nb\""), {"line break"});
  expect_one_clear_line(slurm("c.json --array 2 --out 'a\\b'"), {"a\\b.slurm", "backslash"});
  EXPECT_TRUE(nothing_was_submitted());
}

TEST_F(Slurm, WhereSbatchIsMissingItSaysWhatDoesWithoutIt) {
  expect_one_clear_line(run("slurm c.json --array 2", "export PATH=/nowhere;"), {"no sbatch", "--dry-run prints"});
  EXPECT_FALSE(fs::exists(folder() / "runs"));
  EXPECT_EQ(run("slurm c.json --array 2 --dry-run -- --device cpu", "export PATH=/nowhere;").exit_code, 0);
}

TEST_F(Slurm, SbatchsOwnWordsAreSeen) {
  stand_in("echo 'sbatch: error: invalid partition specified: nix' >&2; exit 1");
  const Outcome refused = slurm("c.json --array 2 -- --device cpu");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("sbatch: error: invalid partition specified: nix\nphosphene: error: "), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("for the reason above"), std::string::npos) << refused.err;
  stand_in("echo usage");
  const Outcome strange = slurm("c.json --array 2 -- --device cpu");
  EXPECT_EQ(strange.exit_code, 2);
  EXPECT_NE(strange.err.find("expected the job's number from sbatch, got 'usage"), std::string::npos) << strange.err;
  stand_in("case $* in *afterany:12\\ *) echo no >&2; exit 1 ;; esac\necho '12;cluster'");
  const Outcome half = slurm("c.json --array 2 -- --device cpu");
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_EQ(half.out, "12\n");
  EXPECT_NE(half.err.find("job 12 is submitted, its report is not"), std::string::npos) << half.err;
}

// As sbatch hands the environment on, or does not.
TEST_F(Slurm, ModelsAreFoundAsHere) {
  fs::create_directories(folder() / "the models");
  fs::rename(folder() / "small.safetensors", folder() / "the models/mine.safetensors");
  write(
      "m.json",
      R"({"version": 1, "model": "mine", "objective": [{"channel": {"layer": "conv2", "unit": 3}}], "size": 32, "steps": 2})");
  stand_in("echo >> jobs\nenv -i PATH=\"$PATH\" sh \"$last\" >> log 2>&1\nwc -l < jobs");
  const Outcome outcome =
      run("slurm m.json --out r --array 1 -- --device cpu",
          fmt::format("export PHOSPHENE_MODELS='{0}/the models' PATH='{0}/bin':$PATH;", folder().string()));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(folder() / "r/report.html")) << text("log");
}

}  // namespace
}  // namespace phosphene::slurm_test
