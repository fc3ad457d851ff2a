#include "experiment/attribution/attribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/objective/term_list.h"
#include "loaders/json_reader.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::attribution_test {
namespace {

using testing::small_network;

HostTensor ramp(std::vector<int64_t> dims) {
  HostTensor tensor{std::move(dims), {}};
  for (int64_t i = 0; i < tensor.elements(); ++i) tensor.data.push_back(static_cast<float>(i * 7919 % 256) / 255.F);
  return tensor;
}

struct SmallObjective {
  Json json = Json::array({{{"channel", {{"layer", "conv3:pre"}, {"unit", 1}}}}});
  Objective terms = read_objective(JsonReader(json, "test"), 1);
};

TEST(PathPoints, WeighOne) {
  for (const PathRule rule : {PathRule::left, PathRule::right, PathRule::midpoint, PathRule::trapezoid}) {
    for (const int64_t n : {2, 3, 50}) {
      double weights = 0, mean = 0;
      for (const PathPoint& point : path_points(rule, n)) {
        weights += point.weight;
        mean += point.weight * point.at;
        EXPECT_GE(point.at, 0);
        EXPECT_LE(point.at, 1);
      }
      EXPECT_NEAR(weights, 1, 1e-14);
      // The integral of t is 1/2, which left and right miss by half a step.
      const double missed = rule == PathRule::left ? -1.0 : rule == PathRule::right ? 1.0 : 0.0;
      EXPECT_NEAR(mean, 0.5 + missed / (2.0 * static_cast<double>(n)), 1e-14);
    }
  }
  EXPECT_THROW(static_cast<void>(path_points(PathRule::trapezoid, 1)), Error);
}

// Behind conv2 the channel's mean is linear in it, up to its bias: one point is exact.
TEST(Attribution, OfALinearRestIsExactWithOnePoint) {
  const Model model = small_network();
  const auto backend = make_cpu_backend(1);
  const SmallObjective objective;
  const Shape input{1, 3, 24, 24};
  GradientProgram whole(model, *backend, objective.terms, input, {"conv2"});
  const double f = whole.run(ramp({1, 3, 24, 24}));
  const HostTensor activations = whole.value_at(0);
  GradientProgram head(model, *backend, objective.terms, input, "conv2", {1, 8, 12, 12});
  const HostTensor nothing{activations.dims, std::vector<float>(activations.data.size(), 0.F)};
  const PathAttribution path = path_attribution(head, activations, nothing, PathRule::midpoint, 1);
  EXPECT_NEAR(path.end, f, 1e-5 * std::abs(f));  // the same sums in float32
  EXPECT_LT(path.error(), 1e-5);
  const HostTensor linear = times(activations, whole.gradient_at(0));
  EXPECT_NEAR(sum_of(linear), path.sum, 1e-5 * std::abs(path.sum));
}

TEST(Attribution, StepsAreAddedUntilTheSumFits) {
  const Model model = small_network();
  const auto backend = make_cpu_backend(1);
  const SmallObjective objective;
  GradientProgram program(model, *backend, objective.terms, {1, 3, 24, 24});
  const HostTensor input = ramp({1, 3, 24, 24});
  const HostTensor black{input.dims, std::vector<float>(input.data.size(), 0.F)};
  const PathAttribution complete = complete_path(program, input, black, PathRule::left, 1, 4096, 0.01);
  EXPECT_LE(complete.error(), 0.01);
  const PathAttribution one = path_attribution(program, input, black, PathRule::left, 1);
  EXPECT_GT(one.error(), complete.error());
  EXPECT_EQ(complete_path(program, input, black, PathRule::left, 1, 8, 1e-12).steps, 8) << "the limit";
}

// The sum of positions where there is another way round the layer would leave that out.
TEST(Attribution, ALayerBesideOthersHasNoHead) {
  const Model model = small_network();
  const auto backend = make_cpu_backend(1);
  const SmallObjective objective;
  EXPECT_THROW(GradientProgram(model, *backend, objective.terms, {1, 3, 24, 24}, "conv3", {1, 8, 12, 12}), Error)
      << "the objective is read before it";
  EXPECT_THROW(GradientProgram(model, *backend, objective.terms, {1, 3, 24, 24}, {"no_such_layer"}), Error);
}

TEST(Attribution, NoiseFollowsFromItsSeed) {
  const HostTensor input = ramp({1, 3, 8, 8});
  const NoiseOfSample noise = normal_noise(input, 0.2, 7);
  const std::vector<float> first = noise(0);
  EXPECT_EQ(first, normal_noise(input, 0.2, 7)(0));
  EXPECT_NE(first, noise(1));
  EXPECT_NE(first, normal_noise(input, 0.2, 8)(0));
  double squares = 0;
  for (int64_t sample = 0; sample < 50; ++sample)
    for (const float number : noise(sample)) squares += static_cast<double>(number) * static_cast<double>(number);
  // The input runs from 0 to nearly 1. Of 9600 squares the mean is within 5 sqrt(2 / 9600) = 7 % of the variance.
  EXPECT_NEAR(squares / 9600, 0.04, 0.07 * 0.04);
}

TEST(Attribution, GradCamWeighsChannelsByTheirMeanGradient) {
  const HostTensor activations{{1, 2, 1, 2}, {1, 2, 3, 4}}, gradient{{1, 2, 1, 2}, {1, 3, -2, 0}};
  EXPECT_EQ(grad_cam(activations, gradient), (std::vector<double>{2 * 1 - 1 * 3, 2 * 2 - 1 * 4}));
  EXPECT_EQ(over_positions(activations), (std::vector<double>{3, 7}));
  EXPECT_EQ(over_channels(activations), (std::vector<double>{4, 6}));
}

TEST(Attribution, MapsAreUpsampledBetweenHalfPixelCentres) {
  EXPECT_EQ(upsampled({0, 4}, 1, 2, 1, 4), (std::vector<double>{0, 1, 3, 4}));
  EXPECT_EQ(upsampled({5}, 1, 1, 2, 2), (std::vector<double>{5, 5, 5, 5}));
}

}  // namespace
}  // namespace phosphene::attribution_test
