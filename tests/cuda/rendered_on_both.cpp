#include "tests/cuda/rendered_on_both.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace phosphene {
namespace {

const std::vector<std::string> kVariants = {
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

}  // namespace

void RenderedOnBoth::expect_close_records(const std::string& cpu, const std::string& gpu) const {
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() / cpu / "records")) {
    const auto objective = [&](const std::filesystem::path& record) {
      return nlohmann::json::parse(contents_of(record))["objective"].get<double>();
    };
    const double expected = objective(entry.path());
    EXPECT_NEAR(objective(folder() / gpu / "records" / entry.path().filename()), expected, 1e-2 * std::abs(expected));
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

void RenderedOnBoth::expect_what_the_cpu_renders(const std::string& before) const {
  for (size_t i = 0; i < kVariants.size(); ++i) {
    SCOPED_TRACE(kVariants[i]);
    write("variant.json",
          fmt::format(R"({{"model": "small.safetensors", "images": 2, "size": 32, "steps": 4, {}}})", kVariants[i]));
    const std::string cpu = fmt::format("cpu_{}", i), gpu = fmt::format("gpu_{}", i);
    // A picture that starts as the photograph that it is compared with has a gradient of roundings alone.
    if (kVariants[i].find(R"("initial")") == std::string::npos) {
      const Outcome check = run("check variant.json --device cuda", before);
      EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
    }
    const Outcome rendered = run(fmt::format("render variant.json --out {} --device cuda", gpu), before);
    ASSERT_EQ(rendered.exit_code, 0) << rendered.err;
    ASSERT_EQ(run(fmt::format("render variant.json --out {} --device cpu", cpu)).exit_code, 0);
    expect_close_records(cpu, gpu);
  }
}

}  // namespace phosphene
