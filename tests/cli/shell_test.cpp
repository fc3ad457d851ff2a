// The manual page and the completion of shells, which are made of the table of options.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/cli/program_under_test.h"

namespace phosphene::shell_test {
namespace {

constexpr const char* kCommands[] = {"convert",     "models", "fetch",    "inspect",  "classify", "render",
                                     "report",      "export", "schema",   "examples", "dissect",  "gradients",
                                     "adversarial", "probe",  "bench",    "check",    "slurm",    "status",
                                     "query",       "doctor", "spectrum", "attribute"};

class Shell : public ProgramTest {
 protected:
  Shell() { write("phosphene.bash", run("completion bash").out); }

  // What bash offers for the last of `words`, sorted.
  [[nodiscard]] std::set<std::string> completions(const std::string& words) const {
    std::string script =
        "source ./phosphene.bash\nCOMP_WORDS=('" + std::string(PHOSPHENE_PROGRAM) + "' " + words + ")\n";
    script +=
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_phosphene\n((${#COMPREPLY[@]})) && printf '%s\\n' "
        "\"${COMPREPLY[@]}\"\ntrue\n";
    write("try.bash", script);
    const Outcome outcome = run("--version > /dev/null; PHOSPHENE_MODELS=. bash ./try.bash");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    std::set<std::string> found;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) found.insert(line);
    return found;
  }

  // The long options that a command's help shows.
  [[nodiscard]] std::set<std::string> options_in_help(const std::string& command) const {
    std::set<std::string> options;
    std::istringstream lines(run(command + " --help").out);
    for (std::string line; std::getline(lines, line);) {
      const size_t at = line.find("--");
      if (!line.starts_with("  -") || at == std::string::npos || line.starts_with("  -- ")) continue;
      options.insert(line.substr(at, line.find(' ', at) - at));
    }
    EXPECT_TRUE(options.contains("--help")) << command;
    return options;
  }
  [[nodiscard]] bool there_is(const char* program) const {
    return run(fmt::format("--version > /dev/null; command -v {}", program)).exit_code == 0;
  }
};

using Words = std::set<std::string>;

TEST_F(Shell, BashCompletesCommandsOptionsAndTheirValues) {
  EXPECT_EQ(completions("insp"), Words{"inspect"});
  EXPECT_EQ(completions("re"), (Words{"render", "report"}));
  EXPECT_EQ(completions("bench --st"), Words{"--steps"});
  EXPECT_EQ(completions("bench small --device c"), (Words{"cpu", "cuda"}));
  EXPECT_EQ(completions("bench small --device = c"), (Words{"cpu", "cuda"})) << "--device=c";
  EXPECT_EQ(completions("bench small --device ="), (Words{"auto", "cpu", "cuda"})) << "--device=";
  EXPECT_EQ(completions("bench small --steps ''"), Words{}) << "a number";
  EXPECT_EQ(completions("fetch squ"), Words{"squeezenet"});
  for (const std::string command : kCommands) {
    const Words offered = completions(command + " --");
    for (const std::string& option : options_in_help(command))
      EXPECT_TRUE(offered.contains(option)) << command << " " << option;
  }
  EXPECT_EQ(completions("''").size(), std::size(kCommands) + 2) << "and --help, --version";
}

TEST_F(Shell, BashCompletesModelsFilesAndFolders) {
  EXPECT_EQ(completions("inspect sm"), (Words{"small", "small.safetensors"}));
  std::filesystem::create_directories(folder() / "some photos");
  write("some.json", "{}");
  EXPECT_EQ(completions("render some"), (Words{"some photos", "some.json"}));
  EXPECT_EQ(completions("report some"), Words{"some photos"});
  EXPECT_EQ(completions("convert some.json -o som"), (Words{"some photos", "some.json"}));
}

TEST_F(Shell, TheManualHasEveryOption) {
  const Outcome manual = run("man");
  ASSERT_EQ(manual.exit_code, 0) << manual.err;
  EXPECT_TRUE(manual.out.starts_with(".TH PHOSPHENE 1 ")) << manual.out.substr(0, 100);
  for (const std::string command : kCommands) {
    const size_t begin = manual.out.find(".SS \"phosphene " + command + "\"\n");
    ASSERT_NE(begin, std::string::npos) << command;
    const std::string section = manual.out.substr(begin, manual.out.find("\n.SS ", begin) - begin);
    for (std::string option : options_in_help(command)) {
      for (size_t at = 0; (at = option.find('-', at)) != std::string::npos; at += 2) option.insert(at, "\\");
      EXPECT_NE(section.find(option), std::string::npos) << command << " " << option;
    }
  }
  for (const char* word : {"PHOSPHENE_ASSETS", "Exit codes:", "143"})
    EXPECT_NE(manual.out.find(word), std::string::npos) << word;
}

TEST_F(Shell, OthersTakeWhatIsWritten) {
  if (there_is("groff")) {
    const Outcome outcome = run("man | groff -man -Tutf8 -P-cbou -ww > page");
    EXPECT_EQ(outcome.err, "");
    EXPECT_NE(contents_of(folder() / "page").find("--device auto|cpu|cuda"), std::string::npos);
  }
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(run(fmt::format("completion {0} > script.{0}", shell)).exit_code, 0);
    if (!there_is(shell)) continue;
    const Outcome outcome = run(fmt::format("--version > /dev/null; {0} -n script.{0}", shell));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "") << shell;
  }
}

}  // namespace
}  // namespace phosphene::shell_test
