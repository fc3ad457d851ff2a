// One optimisation step of BVLC GoogLeNet in bfloat16 against float32, both on the CPU: tests/support/tolerances.md derives the bounds.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "experiment/config/parse_config.h"
#include "experiment/step/step_check.h"
#include "loaders/load_model.h"
#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/cpu_backend.h"
#include "tests/support/golden.h"

namespace phosphene::testing {
namespace {

TEST(Bfloat16Step, OfGoogleNetAgreesWithFloat32) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  const std::string refusal = refuse_bf16_on_cpu();
  if (!refusal.empty()) GTEST_SKIP() << refusal;
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string());
  const Json json = {{"model", "googlenet"},
                     {"size", 224},
                     {"precision", "bf16"},
                     {"objective", {{{"channel", {{"layer", "inception_4a/output:pre"}, {"unit", 97}}}}}}};
  const Config config = parse_config(json, "", ".");
  const std::vector<BatchImage> images = {batch_image(config, 0)};
  const std::unique_ptr<Backend> cpu = make_cpu_backend(), tested = make_cpu_backend();
  int values = 0;
  compare_ops(model, config, images, *cpu, *tested, 0x1p-24, [&values](const ValueDifference& value) {
    ++values;
    EXPECT_TRUE(value.agrees()) << value.layer << " " << value.kind << ": " << value.error << " > " << value.tolerance;
  });
  EXPECT_GT(values, 100);
  // A rounding for half of all elements; for the whole, what ReLUs and maxima at their kinks can do.
  const GradientDifference gradient = compare_gradients(model, config, images, *cpu, *tested);
  EXPECT_LE(gradient.median, 0x1p-9);
  EXPECT_LE(gradient.relative_l2, 0.4);
  EXPECT_GT(gradient.relative_l2, 0x1p-12);  // it was bfloat16
}

}  // namespace
}  // namespace phosphene::testing
