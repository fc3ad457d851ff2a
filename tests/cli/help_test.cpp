// Help in people's words, and one line for every mistake on the command line.
#include <fmt/format.h>

#include "tests/cli/program_under_test.h"

namespace phosphene::help_test {
namespace {

constexpr const char* kCommands[] = {"convert",     "models", "fetch",    "inspect",  "classify", "render",
                                     "report",      "export", "schema",   "examples", "dissect",  "gradients",
                                     "adversarial", "probe",  "bench",    "check",    "slurm",    "status",
                                     "query",       "doctor", "spectrum", "attribute"};

using Help = ProgramTest;
using BadOption = ProgramTest;

TEST_F(Help, SpeaksNoParsersLanguage) {
  for (const std::string command : kCommands) {
    const std::string help = run(command + " --help").out;
    ASSERT_NE(help.find("Usage: phosphene " + command), std::string::npos) << help;
    for (const char* word : {"INT", "FLOAT", "TEXT", "UINT", "REQUIRED", "Excludes", "Needs:", "SUBCOMMAND", " in [",
                             ":{", "Positionals", "BOOLEAN", "x 2"})
      EXPECT_EQ(help.find(word), std::string::npos) << command << ": " << word << "\n" << help;
    size_t begin = 0;
    for (size_t end = help.find('\n'); end != std::string::npos; begin = end + 1, end = help.find('\n', begin))
      EXPECT_LE(end - begin, 140U) << help.substr(begin, end - begin);
  }
}

TEST_F(Help, ExplainsNamesPlacesAndExitCodes) {
  const std::string help = run("--help").out;
  for (const char* word : {"$PHOSPHENE_MODELS", "$PHOSPHENE_ASSETS", "NO_COLOR", "Exit codes:", "\n  0 ", "\n  1 ",
                           "\n  2 ", "130", "143", "129", "141", "LAYER:UNIT"})
    EXPECT_NE(help.find(word), std::string::npos) << word << "\n" << help;
  for (const std::string command : kCommands)
    EXPECT_NE(help.find("\n  " + command + " "), std::string::npos) << command << "\n" << help;
  EXPECT_EQ(help.find("completion"), std::string::npos);
  const std::string render = run("render --help").out;
  for (const char* word : {"runs/NAME", "as in runs/", "phosphene schema", "$PHOSPHENE_MODELS", "(repeatable)"})
    EXPECT_NE(render.find(word), std::string::npos) << word << "\n" << render;
  for (const std::string command :
       {"inspect", "classify", "render", "examples", "dissect", "gradients", "adversarial", "probe", "bench", "check"})
    for (const char* word : {"$PHOSPHENE_MODELS", "--device", "--threads", "--verbose"})
      EXPECT_NE(run(command + " --help").out.find(word), std::string::npos) << command << ": " << word;
}

TEST_F(BadOption, ValuesSayWhatWasExpectedAndWhatWasGot) {
  const std::string adversarial = "adversarial small.safetensors grey.png --to 1 ";
  expect_one_clear_line(run(adversarial + "--until 0,5"),
                        {"--until: expected a number from 0 to 1, got 0,5", "a point"});
  expect_one_clear_line(run(adversarial + "--until 2"), {"--until: expected a number from 0 to 1, got 2"});
  expect_one_clear_line(run(adversarial + "--until nan"), {"--until: expected a number from 0 to 1, got nan"});
  expect_one_clear_line(run(adversarial + "--steps 0"), {"--steps: expected a whole number from 1 to 100000, got 0"});
  expect_one_clear_line(run(adversarial + "--steps 1.5"), {"--steps: expected a whole number", "got 1.5"});
  expect_one_clear_line(run(adversarial + "--steps 99999999999999999999"), {"--steps: expected a whole number"});
  expect_one_clear_line(run(adversarial + "--device gpu"), {"--device: expected auto, cpu or cuda, got 'gpu'"});
  expect_one_clear_line(run("inspect small.safetensors --precision b16"), {"expected f32 or bf16, got 'b16'"});
  expect_one_clear_line(run("examples small.safetensors . --layer conv2 --scales 1,x"),
                        {"--scales: expected a number, got x"});
}

TEST_F(BadOption, NamesAndNumbersOfValues) {
  expect_one_clear_line(run("bench small.safetensors --stesp 3"), {"there is no option '--stesp'", "'--steps'"});
  expect_one_clear_line(run("bench --stesp=3"), {"there is no option '--stesp'", "'--steps'"});
  expect_one_clear_line(run("bench small.safetensors --steps"), {"--steps N: expected a value"});
  expect_one_clear_line(run("bench small.safetensors --steps 3 --steps 4"), {"--steps is given more than once"});
  expect_one_clear_line(run("bench small.safetensors --json=3"), {"--json takes no value"});
  expect_one_clear_line(run("bench small.safetensors extra"), {"'extra' was not expected"});
  expect_one_clear_line(run("bench"), {"model is missing: phosphene bench MODEL"});
  expect_one_clear_line(run("inspect small.safetensors --json --explain"), {"--explain", "together with", "--json"});
  expect_one_clear_line(run("clasify"), {"there is no command 'clasify'", "'classify'"});
  expect_one_clear_line(run("x"), {"there is no command 'x'; "});
}

TEST_F(BadOption, RepeatableOptionsTakeOneValueEach) {
  const std::string model = "render --model small.safetensors ";
  expect_one_clear_line(run(model + "--channel conv2:1 conv2:2"), {"--channel", "repeat it", "--channel conv2:2"});
  expect_one_clear_line(run(model + "--channel conv2:1 conv2:2 conv2:3"), {"--channel", "repeat it"});
  expect_one_clear_line(run(model + "--neuron conv2:1 conv2:2"), {"--neuron", "repeat it", "--neuron conv2:2"});
  expect_one_clear_line(run("render a.json b.json"), {"expected one config, got a.json and b.json"});
}

TEST_F(BadOption, ANameThatIsAKeyIsGivenOnce) {
  write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  const std::string probe = "probe small.safetensors --device cpu --input grey.png -o p.safetensors --save ";
  expect_one_clear_line(run(probe + "conv2 --save conv2"), {"--save: 'conv2' is given twice"});
  expect_one_clear_line(run(probe + "conv2 conv1 conv2"), {"--save: 'conv2' is given twice"});
  expect_one_clear_line(run("gradients small.safetensors grey.png --layer conv2 --unit 1 --at conv1,conv1"),
                        {"--at: 'conv1' is given twice"});
  EXPECT_FALSE(std::filesystem::exists(folder() / "p.safetensors"));
  const Outcome both = run(probe + "conv2 last");  // two names of a layer are two tensors
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_NE(both.out.find("\nlast "), std::string::npos) << both.out;
}

TEST_F(BadOption, AClassByItsIndex) {
  write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  save_classifier((folder() / "classifier.safetensors").string());
  const std::string command = "adversarial classifier.safetensors grey.png --device cpu --out a --to ";
  const Outcome found = run(command + "7 --most 255 --steps 2000 --until 0.05");
  EXPECT_TRUE(found.exit_code == 0 || found.err.find("the network still classifies it as") != std::string::npos ||
              found.err.find("already classifies") != std::string::npos)
      << found.err;
  expect_one_clear_line(run(command + "32"), {"--to", "class 32 does not exist", "0 to 31"});
  expect_one_clear_line(run(command + "99999999999999999999"), {"--to", "does not exist"});
  expect_one_clear_line(run(command + "ostrich"), {"--to", "no labels", "index"});
  expect_one_clear_line(run("render --model classifier.safetensors --class 32 --out r"),
                        {"class 32 does not exist: classifier has 32, 0 to 31"});
}

}  // namespace
}  // namespace phosphene::help_test
