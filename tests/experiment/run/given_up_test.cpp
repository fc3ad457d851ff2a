// Images that cannot become pictures are given up, with the reason and something to try.
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "experiment/objective/silent_units.h"
#include "experiment/objective/term_list.h"
#include "experiment/run/one_colour.h"
#include "experiment/run/run.h"
#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "loaders/model_file.h"
#include "tests/experiment/small_experiment.h"

namespace phosphene::testing::given_up_test {
namespace {

void append_pointwise(Model& model, const std::string& name, const std::string& input,
                      const std::vector<float>& weights, const std::vector<float>& bias) {
  const auto to = std::ssize(bias), from = std::ssize(weights) / to;
  model.layers.push_back({name + ":pre",
                          std::make_shared<Convolution>(WindowAttributes{}, 1, Weights::from(weights, {to, from, 1, 1}),
                                                        Weights::from(bias, {to})),
                          {input}});
  model.layers.push_back({name, std::make_shared<Relu>(), {name + ":pre"}});
}

// Of x, the mean of a pixel's colours: h is (x, x - 0.7) and unit (x - 4 * max(x - 0.7, 0), x, -x - 1), each with a ReLU. From grey, 0.5, the
// first unit's best is at 0.7; a step too far, at 1, it is silent. The last is silent everywhere.
Model bounded_network() {
  Model model;
  model.name = "bounded";
  model.height = model.width = 8;
  model.preprocessing = {{1, 1, 1}, {0, 0, 0}, {0, 1, 2}};
  constexpr float kThird = 1.F / 3;
  append_pointwise(model, "h", Model::kInput, std::vector<float>(6, kThird), {0, -0.7F});
  append_pointwise(model, "unit", "h", {1, -4, 1, 0, -1, 0}, {0, 0, -1});
  WindowAttributes window;
  window.r = window.s = window.stride_h = window.stride_w = 2;
  model.layers.push_back(
      {"pool", std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false), {"unit"}});
  return model;
}

struct GivenUp : ::testing::Test {
  TemporaryFolder folder;

  // Of one unit of the network, with plain colours that every step moves far.
  Json config(const Model& model, int unit, const std::string& layer = "unit") {
    save_model(model, folder.file("bounded.safetensors"));
    return Json::parse(R"({"version": 1, "model": "bounded.safetensors", "steps": 20, "transforms": "none",
                           "colour": "plain", "parameterization": {"pixel": {"sd": 0.1}},
                           "optimizer": {"sign": {"learning_rate": 20}}})")
        .patch(
            {{{"op", "add"}, {"path", "/objective"}, {"value", {{{"channel", {{"layer", layer}, {"unit", unit}}}}}}}});
  }
  // Why the only image was given up; "" where it was not.
  std::string reason(const Json& config) {
    const RunResult result = render(folder, config, folder.file("run" + std::to_string(runs_++)));
    return result.stopped.empty() ? "" : result.stopped.front();
  }

 private:
  int runs_ = 0;
};

TEST_F(GivenUp, AUnitThatFallsSilentIsToldWithTheStep) {
  const std::string why = reason(config(bounded_network(), 0));
  EXPECT_NE(why.find("'unit' is exactly zero from step 2 on: the unit has fallen silent; try 'unit:pre'"),
            std::string::npos)
      << why;
  Json gentle = config(bounded_network(), 0);
  gentle["optimizer"]["sign"]["learning_rate"] = 0.01;
  EXPECT_EQ(reason(gentle), "");
}

// The objective of a step is that of the image before its update: nobody reads the last one's.
TEST_F(GivenUp, AnImageThatTheLastUpdateMakesInfinite) {
  Model steep = bounded_network();
  steep.layers.clear();
  append_pointwise(steep, "unit", Model::kInput, {1e6F, 1e6F, 1e6F}, {0});
  Json last = config(steep, 0);
  last["steps"] = 1;
  last["optimizer"] = {{"sgd", {{"learning_rate", 1e6}}}};  // both as large as may be
  last["objective"][0]["weight"] = 1e30;
  const std::string why = reason(last);
  EXPECT_NE(why.find("the image is not finite after step 1; a smaller learning rate may help"), std::string::npos)
      << why;
}

TEST_F(GivenUp, NotWhereTheObjectiveIsAtItsHighest) {
  Json least = config(bounded_network(), 1);
  least["objective"][0]["weight"] = -1;  // x goes to 0, where the ReLU has no gradient
  least["optimizer"]["sign"]["learning_rate"] = 200;
  const std::string why = reason(least);
  EXPECT_EQ(why.find("silent"), std::string::npos) << why;
}

TEST_F(GivenUp, ASilentUnitIsSilentBesideAPenalty) {
  Json penalised = config(bounded_network(), 2);
  penalised["objective"].push_back({{"total_variation", Json::object()}, {"weight", -0.1}});
  const std::string why = reason(penalised);
  EXPECT_NE(why.find("the unit is silent; try 'unit:pre'"), std::string::npos) << why;
  penalised["steps"] = 1;
  EXPECT_NE(reason(penalised).find("the unit is silent"), std::string::npos) << "where the first step is the last";
}

TEST_F(GivenUp, APictureOfOneColourIsNone) {
  const std::string why = reason(config(bounded_network(), 1));
  EXPECT_NE(why.find("the picture is all #ffffff"), std::string::npos) << why;
}

TEST_F(GivenUp, SumsThatMayLeaveFloat32) {
  Model model = bounded_network();
  model.layers[0].op = std::make_shared<Convolution>(
      WindowAttributes{}, 1, Weights::from({1e25F, 1, 1, 1, 1, 1}, {2, 3, 1, 1}), Weights::from({0, 0}, {2}));
  model.layers[2].op = std::make_shared<Convolution>(
      WindowAttributes{}, 1, Weights::from({1e9F, -4, 1, 0, -1, 0}, {3, 2, 1, 1}), Weights::from({0, 0, 0}, {3}));
  const std::string why = reason(config(model, 1));
  EXPECT_NE(why.find("the values of 'h' reach"), std::string::npos) << why;
  EXPECT_NE(why.find("the sums of 'unit' would leave float32"), std::string::npos) << why;
}

// Behind the ReLU the value would be 0, and the network one with a unit less.
TEST_F(GivenUp, WeightsThatAreNotFiniteAreRefusedByLayer) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    Model model = bounded_network();
    model.layers[0].op = std::make_shared<Convolution>(
        WindowAttributes{}, 1, Weights::from({bad, 1, 1, 1, 1, 1}, {2, 3, 1, 1}), Weights::from({0, 0}, {2}));
    const Json drawn = config(model, 1);
    EXPECT_TRUE(refuses([&] { render(folder, drawn, folder.file("run")); }, {"h: its weights", "not finite"}));
    model = bounded_network();
    model.layers[2].op = std::make_shared<Convolution>(
        WindowAttributes{}, 1, Weights::from({1, -4, 1, 0, -1, 0}, {3, 2, 1, 1}), Weights::from({0, bad, 0}, {3}));
    EXPECT_TRUE(
        refuses([&] { render(folder, config(model, 0), folder.file("run")); }, {"unit: its weights", "not finite"}));
  }
}

TEST(ProposalForSilent, IsAValueThatTheModelHas) {
  const Model model = bounded_network();
  const auto proposal = [&](const std::string& layer, ReluGradient relu) {
    const Json json = {{{"channel", {{"layer", layer}, {"unit", 0}}}}};
    const Objective objective = read_objective(JsonReader(json, "test"), 1);
    GradientRules rules;
    rules.relu = relu;
    return proposal_for_silent(model, objective, rules);
  };
  EXPECT_EQ(proposal("unit", ReluGradient::plain), "; try 'unit:pre', the value before its activation");
  EXPECT_EQ(proposal("pool", ReluGradient::plain), "; try 'unit:pre', the value before its activation");
  EXPECT_NE(proposal("unit:pre", ReluGradient::plain).find("redirected"), std::string::npos);
  EXPECT_EQ(proposal("unit:pre", ReluGradient::redirected), "; another seed may wake it");
}

TEST(OneColour, IsToldToEightBits) {
  const std::vector<float> grey = {0.5F, 0.501F, 0.25F, 0.25F, 1, 1};
  EXPECT_EQ(one_colour(grey, {1, 3, 1, 2}), "#8040ff");
  const std::vector<float> two = {0.5F, 0.51F, 0.25F, 0.25F, 1, 1};
  EXPECT_EQ(one_colour(two, {1, 3, 1, 2}), std::nullopt);
  EXPECT_TRUE(at_the_end_of_its_range("#00ffff"));
  EXPECT_FALSE(at_the_end_of_its_range("#0ff000"));
  EXPECT_EQ(one_colour(grey, {1, 6, 1, 1}), std::nullopt) << "a picture of one pixel";
}

}  // namespace
}  // namespace phosphene::testing::given_up_test
