// The unmodified module on the simulated GPU of tests/cuda_sim, as a user runs it.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "layers/network/activation.h"
#include "layers/network/convolution.h"
#include "layers/network/relu.h"
#include "layers/network/transposed_convolution.h"
#include "loaders/model_file.h"
#include "tests/cli/program_under_test.h"
#include "tests/support/golden.h"

namespace phosphene {
namespace {

constexpr int kOrders = 8;  // random legal orders of streams and threads

std::string on_simulated_gpu(int seed, const std::string& more = "") {
  return fmt::format(
      "env LD_LIBRARY_PATH={0} SIMCUDA_KERNELS={0}/libphosphene_sim_kernels.so PHOSPHENE_CACHE=cache SIMCUDA_SEED={1} "
      "{2}",
      PHOSPHENE_SIM_LIBRARIES, seed, more);
}

class SimulatedGpu : public ProgramTest {
 protected:
  void expect_agreement(const std::string& arguments, int seed, const std::string& more = "") const {
    const Outcome outcome = run("check " + arguments, on_simulated_gpu(seed, more));
    EXPECT_EQ(outcome.exit_code, 0) << "seed " << seed << "\n" << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("all agree"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("the same bytes"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("simulated GPU"), std::string::npos) << outcome.out;
  }
};

TEST_F(SimulatedGpu, ComputesWhatTheCpuComputes) {
  for (int seed = 1; seed <= kOrders; ++seed) expect_agreement("small.safetensors --layer conv2 --batch 2", seed);
}

Weights ramp(std::vector<int64_t> shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  std::vector<float> numbers(static_cast<size_t>(count));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.05F * (static_cast<float>(i * 37 % 19) - 8);
  return Weights::from(std::move(numbers), std::move(shape));
}

// Patches, dilated, depthwise, in groups and transposed convolutions, one behind the other.
Model every_form() {
  const auto square = [](int64_t taps, int64_t stride, int64_t pad, int64_t dilation) {
    return WindowAttributes{.r = taps,
                            .s = taps,
                            .stride_h = stride,
                            .stride_w = stride,
                            .pad_top = pad,
                            .pad_left = pad,
                            .pad_bottom = pad,
                            .pad_right = pad,
                            .dilation_h = dilation,
                            .dilation_w = dilation};
  };
  Model model;
  model.name = "forms";
  model.height = model.width = 32;
  model.preprocessing = {.scale = {1, 1, 1}, .mean = {0.5F, 0.5F, 0.5F}, .order = {0, 1, 2}};
  model.layers = {
      {"patches:pre", std::make_shared<Convolution>(square(2, 2, 0, 1), 1, ramp({8, 3, 2, 2}), ramp({8})), {"data"}},
      {"patches", std::make_shared<Relu>(), {"patches:pre"}},
      {"dilated:pre", std::make_shared<Convolution>(square(3, 1, 2, 2), 1, ramp({8, 8, 3, 3}), Weights{}), {"patches"}},
      {"dilated", Activation::clip(0, 0.5F), {"dilated:pre"}},
      {"depthwise:pre",
       std::make_shared<Convolution>(square(3, 2, 1, 1), 8, ramp({8, 1, 3, 3}), ramp({8})),
       {"dilated"}},
      {"depthwise", Activation::relu6(), {"depthwise:pre"}},
      {"depthwise_dilated",
       std::make_shared<Convolution>(square(3, 1, 2, 2), 8, ramp({8, 1, 3, 3}), Weights{}),
       {"depthwise"}},
      {"groups",
       std::make_shared<Convolution>(square(3, 1, 1, 1), 2, ramp({16, 4, 3, 3}), Weights{}),
       {"depthwise_dilated"}},
      {"up",
       std::make_shared<TransposedConvolution>(square(3, 2, 1, 1), ramp({16, 3, 3, 3}), 2, ramp({6}),
                                               OutputPadding{1, 0}),
       {"groups"}},
      {"last", std::make_shared<Convolution>(square(1, 1, 0, 1), 1, ramp({8, 6, 1, 1}), Weights{}), {"up"}}};
  return model;
}

TEST_F(SimulatedGpu, ComputesEveryFormOfConvolution) {
  save_model(every_form(), (folder() / "forms.safetensors").string());
  for (int seed = 1; seed <= 2; ++seed) expect_agreement("forms.safetensors --layer last --batch 2", seed);
  expect_agreement("forms.safetensors --layer last --size 37", 1, "SIMCUDNN_REFUSE=fused PHOSPHENE_CACHE=cache_forms");
  expect_agreement("forms.safetensors --layer last --precision bf16", 1);
  const Outcome plan = run("inspect forms.safetensors --explain --layer last --device cuda", on_simulated_gpu(1));
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_NE(plan.out.find("depthwise"), std::string::npos) << plan.out;
}

TEST_F(SimulatedGpu, HandlesOddSizes) {
  for (const int size : {17, 33, 38})
    expect_agreement(fmt::format("small.safetensors --layer conv2 --size {}", size), 1);
}

TEST_F(SimulatedGpu, StepsThroughGoogleNet) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  const auto topology = testing::find_asset("models/googlenet_deploy.prototxt");
  ASSERT_EQ(run(fmt::format("convert {} --topology {} -o googlenet.safetensors", weights.string(), topology->string()))
                .exit_code,
            0);
  for (int seed = 1; seed <= kOrders; ++seed)
    expect_agreement("googlenet.safetensors --layer inception_4a/output:pre --size 64 --steps 2", seed);
  expect_agreement("googlenet.safetensors --layer loss3/classifier --steps 1", 1);
  expect_agreement("googlenet.safetensors --layer loss3/classifier --size 64 --steps 1 --precision bf16", 1);
}

TEST_F(SimulatedGpu, ComputesInBfloat16) {
  for (int seed = 1; seed <= 2; ++seed) {
    expect_agreement("small.safetensors --layer conv2 --batch 2 --precision bf16", seed);
    expect_agreement("small.safetensors --layer conv2 --size 33 --precision bf16", seed, "SIMCUDNN_REFUSE=fused");
  }
  write("config.json", R"({"model": "small.safetensors", "objective": [{"channel": {"layer": "conv2", "unit": 3}}],
                           "steps": 4, "precision": "bf16"})");
  EXPECT_EQ(run("render config.json --out gpu --device cuda", on_simulated_gpu(1)).exit_code, 0);
}

TEST_F(SimulatedGpu, IsTimedAgainstItsOwnPeaks) {
  const Outcome outcome = run("bench small.safetensors --steps 2 --device cuda --json", on_simulated_gpu(1));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto read = nlohmann::json::parse(outcome.out);
  EXPECT_GT(read["peak_gflops"], 0);
  EXPECT_GT(read["peak_gigabytes_per_second"], 0);
  EXPECT_NE(read["backend"].get<std::string>().find("simulated GPU"), std::string::npos);
}

TEST_F(SimulatedGpu, FallsBackWhereCudnnRefusesAWholeGraph) {
  for (const char* refused : {"fused", "A"}) {
    const std::string refuse = fmt::format("SIMCUDNN_REFUSE={} PHOSPHENE_CACHE=cache_{}", refused, refused);
    expect_agreement("small.safetensors --layer conv2", 1, refuse);
    const Outcome plan =
        run("inspect small.safetensors --explain --layer conv2 --device cuda", on_simulated_gpu(1, refuse));
    ASSERT_EQ(plan.exit_code, 0) << plan.err;
    EXPECT_NE(plan.out.find("cudnn ranked fused refused: "), std::string::npos) << plan.out;
  }
}

TEST_F(SimulatedGpu, RendersAndGoesOnWithARun) {
  write("config.json", R"({"model": "small.safetensors", "objective": [{"channel": {"layer": "conv2", "unit": 3}}],
                           "steps": 8, "snapshots": [4], "images": 3})");
  ASSERT_EQ(run("render config.json --out gpu --device cuda", on_simulated_gpu(1)).exit_code, 0);
  ASSERT_EQ(run("render config.json --out eager --device cuda --eager", on_simulated_gpu(2)).exit_code, 0);
  ASSERT_EQ(run("render config.json --out cpu --device cpu").exit_code, 0);
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "gpu/images")) {
    const std::string picture = contents_of(entry.path());
    EXPECT_GT(picture.size(), 100U);
    EXPECT_TRUE(picture == contents_of(folder() / "eager/images" / entry.path().filename())) << entry.path();
    ++pictures;
  }
  EXPECT_EQ(pictures, 6);
  const auto objective = [&](const std::string& run_folder) {
    const auto record = *std::filesystem::directory_iterator(folder() / run_folder / "records");
    return nlohmann::json::parse(contents_of(record.path()))["objective"].get<double>();
  };
  // Eight steps of Adam follow the signs of gradients; where one is all rounding, two devices part. What is reached does not.
  EXPECT_NEAR(objective("gpu") / objective("cpu"), 1, 1e-2);
  const Outcome again = run("render config.json --out gpu --device cuda", on_simulated_gpu(1));
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

// Every kind of term, parameterization and optimiser, each in a few steps: what is reached is the CPU's to within what the signs
// of near-zero gradients can do to it.
TEST_F(SimulatedGpu, RendersWhateverTheCpuRenders) {
  const std::vector<std::string> variants = {
      R"("objective": [{"layer": {"layer": "conv1"}}, {"total_variation": {}, "weight": -0.001}, {"l1": {}, "weight": -0.001}])",
      R"("objective": [{"interpolation": {"layer": "conv2", "unit": 1, "to_unit": 3}},
                       {"diversity": {"layer": "conv2"}, "weight": -2}, {"alignment": {"layer": "conv1"}, "weight": 1e-6}])",
      R"("objective": [{"direction": {"layer": "conv2", "vector": {"random": 3}, "power": 1}}, {"blur": {}, "weight": -0.01},
                       {"l2": {}, "weight": -0.01}], "parameterization": {"laplacian_pyramid": {}})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "parameterization": {"shared": {}},
         "optimizer": {"nadam": {"clip_norm": 1}})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "parameterization": {"cppn": {}},
         "optimizer": {"sgd": {"learning_rate": 20, "schedule": {"cosine": {"to": 0.1}}}})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "colour": "clipped", "optimizer": {"steepest": {"warmup": 2}})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "parameterization": {"prior": {"norm": 2}})",
      R"("objective": [{"neuron": {"layer": "conv2", "unit": 3}}], "parameterization": {"pixel": {}}, "optimizer": {"sign": {}})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "gradients": {"relu": "redirected"}, "phases": [{"gradients": {}}, {"colour": "plain"}])",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}, {"mean_alpha": {}, "weight": -0.1}, {"blur": {}, "weight": -0.01}],
         "transparency": {})",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}], "parameterization": {"pixel": {}}, "transparency": {"gamma": false})",
      // A picture of the first variant is the photograph.
      R"("objective": [{"caricature": {"layer": "conv2", "photo": "cpu_0/images/conv1_layer_image0.png", "power": 1}},
                       {"inversion": {"layer": "conv1", "photo": "cpu_0/images/conv1_layer_image0.png"}}],
         "initial": "cpu_0/images/conv1_layer_image0.png")",
      R"("objective": [{"channel": {"layer": "conv2", "unit": 3}}, {"blur": {"through": true}, "weight": -0.01},
                       {"boundary_complexity": {"border": 3}, "weight": -0.01}, {"input_difference": {}, "weight": -0.01}],
         "initial": "cpu_0/images/conv1_layer_image0.png")",
      R"("objective": [{"style": {"layer": "conv1", "photo": "cpu_0/images/conv1_layer_image0.png"}},
                       {"style": {"layer": "conv2", "photo": "cpu_0/images/conv1_layer_image0.png", "form": "l2"}}])",
      R"("objective": [{"product": [{"channel": {"layer": "conv2", "unit": 3}}, {"channel": {"layer": "conv1", "unit": 1}}]},
                       {"tensor_direction": {"layer": "conv2", "tensor": {"photo": "cpu_0/images/conv1_layer_image0.png", "height": 2, "width": 3}}}])"};
  for (size_t i = 0; i < variants.size(); ++i) {
    SCOPED_TRACE(variants[i]);
    write("variant.json",
          fmt::format(R"({{"model": "small.safetensors", "images": 2, "size": 32, "steps": 4, {}}})", variants[i]));
    const Outcome gpu = run(fmt::format("render variant.json --out gpu_{} --device cuda", i), on_simulated_gpu(1));
    ASSERT_EQ(gpu.exit_code, 0) << gpu.err;
    ASSERT_EQ(run(fmt::format("render variant.json --out cpu_{} --device cpu", i)).exit_code, 0);
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / fmt::format("cpu_{}/records", i))) {
      const auto there = folder() / fmt::format("gpu_{}/records", i) / entry.path().filename();
      const double expected = nlohmann::json::parse(contents_of(entry.path()))["objective"];
      const double actual = nlohmann::json::parse(contents_of(there))["objective"];
      EXPECT_NEAR(actual, expected, 1e-2 * std::abs(expected));
      ++compared;
    }
    EXPECT_EQ(compared, 2);
  }
}

TEST_F(SimulatedGpu, ADamagedPlanCacheIsFoundAnew) {
  expect_agreement("small.safetensors --layer conv2", 1);
  int entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "cache/cudnn")) {
    std::ofstream(entry.path()) << "damaged";
    ++entries;
  }
  EXPECT_GE(entries, 3);
  expect_agreement("small.safetensors --layer conv2", 1);
}

// 48 pictures of 24 x 24 pixels: 32 at a time, and fewer where memory does not hold them.
TEST_F(SimulatedGpu, ABatchIsAsLargeAsMemoryAllows) {
  const std::string render =
      "render --model small.safetensors --channel conv2:1 --set /images=1 --dry-run --device cuda --out r "
      "--set '/sweep={\"/seed\": {\"range\": [0, 48]}}'";
  const auto batch_with = [&](const std::string& memory) -> int {
    const Outcome outcome = run(render, on_simulated_gpu(1, memory));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string words = "of up to ";
    const size_t at = outcome.out.find(words);
    if (at == std::string::npos) return 0;
    return std::stoi(outcome.out.substr(at + words.size()));
  };
  EXPECT_EQ(batch_with(""), 32);
  const int little = batch_with("SIMCUDA_MEMORY=4000000");
  EXPECT_GE(little, 1);
  EXPECT_LE(little, 16);
}

// Free memory is asked for, and then another process is quicker.
TEST_F(SimulatedGpu, MemoryThatIsTakenMeanwhileIsDoneWithout) {
  const auto render = [&](const std::string& more) {
    return run("render --model small.safetensors --channel conv2:1 --set /steps=2 --device cuda " + more +
                   " --set '/sweep={\"/seed\": {\"range\": [0, 40]}}'",
               on_simulated_gpu(1, "SIMCUDA_MEMORY=4000000 SIMCUDA_MEMORY_SEEN=8000000000"));
  };
  const Outcome outcome = render("--out smaller");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  expect_one_clear_line(render("--out fixed --set /batch=40"), {"GPU memory", "smaller batch"});
}

// However long a run writes nothing.
TEST_F(SimulatedGpu, TheHostIsAFewStepsAhead) {
  const auto render = [&](int most) {
    return run(
        "render --model small.safetensors --channel conv2:1 --set /steps=200 --set /size=16 --device cuda --out r" +
            std::to_string(most),
        on_simulated_gpu(1, fmt::format("SIMCUDA_QUEUE={}", most)));
  };
  const Outcome outcome = render(100);  // 32 steps, the events between them, and the first step's kernels
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(render(20).exit_code, 0) << "the limit is not looked at";
}

TEST_F(SimulatedGpu, IsChosenByItsNumber) {
  const std::string two = on_simulated_gpu(1, "SIMCUDA_DEVICES=2");
  const auto backend = [&](const std::string& device) {
    const Outcome outcome = run("bench small.safetensors --steps 1 --json --device " + device, two);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["backend"].get<std::string>();
  };
  EXPECT_TRUE(backend("cuda").starts_with("cuda: simulated GPU"));
  EXPECT_TRUE(backend("cuda:1").starts_with("cuda: second simulated GPU"));
  expect_one_clear_line(run("bench small.safetensors --steps 1 --device cuda:2", two),
                        {"--device cuda:2", "at most 1"});
  for (const char* wrong : {"cuda:", "cuda:x", "cuda:-1", "cuda:1x"})
    expect_one_clear_line(run(fmt::format("bench small.safetensors --steps 1 --device {}", wrong), two),
                          {"--device", wrong, "cuda:0, cuda:1"});
}

TEST_F(SimulatedGpu, IsWhatTheDoctorFinds) {
  const Outcome outcome = run("doctor", on_simulated_gpu(1));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("simulated GPU, sm_90"), std::string::npos) << outcome.out;
}

TEST_F(SimulatedGpu, AnOldOneIsNotTaken) {
  const std::string old = on_simulated_gpu(1, "SIMCUDA_CAPABILITY=70");
  expect_one_clear_line(run("bench small.safetensors --steps 1 --device cuda", old), {"compute capability 7.0", "7.5"});
  const std::string turing = on_simulated_gpu(1, "SIMCUDA_CAPABILITY=75");
  for (const char* precision : {"--precision bf16", "--tf32"})
    expect_one_clear_line(run(fmt::format("bench small.safetensors --steps 1 --device cuda {}", precision), turing),
                          {precision + 2, "8.0", "sm_75"});
  EXPECT_EQ(run("bench small.safetensors --steps 1 --device cuda", turing).exit_code, 0);
}

// `auto` looks for a driver before it opens the module: the simulated runtime is tried beside the stub.
TEST_F(SimulatedGpu, OneThatCannotBeUsedIsLeftForTheCpuWithALine) {
  const std::string broken = on_simulated_gpu(1, "SIMCUDA_BROKEN_CUDNN=1");
  const std::string libraries = fmt::format("LD_LIBRARY_PATH={}", PHOSPHENE_SIM_LIBRARIES);
  const std::string with_driver = fmt::format("{}:{}", libraries, PHOSPHENE_STUB_DRIVER);
  std::string environment = broken;
  environment.replace(environment.find(libraries), libraries.size(), with_driver);
  const Outcome outcome = run("bench small.safetensors --steps 1", environment);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("on the CPU, as the GPU cannot be used: cuDNN"), std::string::npos) << outcome.err;
  EXPECT_EQ(run("bench small.safetensors --steps 1 --device cuda", environment).exit_code, 1);
}

TEST_F(SimulatedGpu, WithoutADeviceTheCpuIsTakenWithALine) {
  const std::string none = on_simulated_gpu(1, "SIMCUDA_DEVICES=0");
  expect_one_clear_line(run("check small.safetensors", none), {"--device cuda", "finds no GPU"});
  const std::string stub = fmt::format("env LD_LIBRARY_PATH={}", PHOSPHENE_STUB_DRIVER);
  const Outcome outcome = run("bench small.safetensors --steps 1 --verbose", stub);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "on the CPU: the NVIDIA driver is only a stub\n");
}

TEST_F(SimulatedGpu, TheCpuNeedsNoCudaLibrary) {
  for (const char* device : {"cpu", "auto"}) {
    const Outcome outcome = run(fmt::format("bench small.safetensors --steps 1 --device {}", device),
                                "env CUDA_VISIBLE_DEVICES= LD_DEBUG=files");
    ASSERT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.err.find("libdnnl"), std::string::npos);
    for (const char* library : {"libcudart", "libcudnn", "libcufft", "libcublas", "libphosphene_cuda"}) {
      const bool driver = std::system("ldconfig -p | grep -q libcuda.so.1") == 0;
      if (std::string(device) == "auto" && driver) continue;  // then `auto` is right to look
      EXPECT_EQ(outcome.err.find(library), std::string::npos) << library;
    }
  }
}

}  // namespace
}  // namespace phosphene
