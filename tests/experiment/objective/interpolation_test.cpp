// An interpolation as a config writes it, on layers whose values are given.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "experiment/config/parse_config.h"
#include "experiment/objective/objective.h"
#include "layers/network/convolution.h"
#include "loaders/model/model_graph.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "runtime/program.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene::testing::interpolation_test {
namespace {

constexpr int64_t kFrom = 2, kTo = 3, kAll = kFrom + kTo;  // channels
constexpr int64_t kSide = 3, kCorners = 2;

// Copies `count` channels from `first` on, of every position or of the corners alone.
Layer channels_of_input(const std::string& name, int64_t first, int64_t count, int64_t stride) {
  WindowAttributes window;
  window.stride_h = window.stride_w = stride;
  std::vector<float> weights(static_cast<size_t>(count * kAll), 0);
  for (int64_t k = 0; k < count; ++k) weights[static_cast<size_t>(k * kAll + first + k)] = 1;
  const std::vector<float> bias(static_cast<size_t>(count), 0);
  return {name,
          std::make_shared<Convolution>(window, 1, Weights::from(weights, {count, kAll, 1, 1}),
                                        Weights::from(bias, {count})),
          {Model::kInput}};
}

Model two_layers() {
  Model model;
  model.name = "copies";
  model.channels = kAll;
  model.height = model.width = kSide;
  model.layers.push_back(channels_of_input("from", 0, kFrom, 1));
  model.layers.push_back(channels_of_input("to", kFrom, kTo, 2));
  return model;
}

// Calls visit(layer, index within its golden array, index within the network's input) for every number of both layers.
template <class Visit>
void for_each_number(int64_t images, const Visit& visit) {
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c = 0; c < kAll; ++c)
      for (int64_t p = 0; p < (c < kFrom ? kSide * kSide : kCorners * kCorners); ++p) {
        const bool from = c < kFrom;
        const int64_t at = from ? p : (p / kCorners * kSide + p % kCorners) * 2;
        const int64_t index =
            from ? (n * kFrom + c) * kSide * kSide + p : (n * kTo + c - kFrom) * kCorners * kCorners + p;
        visit(from ? 0 : 1, static_cast<size_t>(index), static_cast<size_t>((n * kSide * kSide + at) * kAll + c));
      }
}

// The weights of the ramp are the config's; each copy is exact, so the tolerance is the table's.
TEST(Interpolation, OfAConfigEqualsTheGoldenTable) {
  const nlohmann::json objectives = golden_table("objectives");
  const nlohmann::json& golden = golden_case(objectives, "channel_interpolate");
  const Array values[] = {to_array(golden.at("inputs").at(0)), to_array(golden.at("inputs").at(1))};
  const Array slopes[] = {to_array(golden.at("gradients").at(0)), to_array(golden.at("gradients").at(1))};
  const int64_t images = values[0].dims.at(0);
  std::vector<float> input(static_cast<size_t>(images * kSide * kSide * kAll));
  std::vector<double> expected(input.size());
  for_each_number(images, [&](int layer, size_t index, size_t at) {
    input[at] = static_cast<float>(values[layer].data[index]);
    expected[at] = slopes[layer].data[index];
  });

  const Config config = parse_config(Json::parse(R"({"model": "copies", "images": 4, "objective":
                      [{"interpolation": {"layer": "from", "unit": 1, "to_layer": "to", "to_unit": 0}}]})"),
                                     "config", ".");
  const Model model = two_layers();
  Graph graph;
  const ValueId start = graph.state(Model::kInput, {{images, kAll, kSide, kSide}, Layout::channels_last, DType::f32});
  ModelGraph network(model, graph, start);
  const ObjectivePart objective(graph, network, model, config.objective, config.image, {images, kAll, kSide, kSide});
  const ValueId gradient = differentiate(graph, std::vector<ValueId>{start}).at(0);
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {objective.value(), gradient}, *backend, states);
  states.write(Model::kInput, input);
  std::vector<BatchImage> batch;
  for (int64_t i = 0; i < images; ++i) batch.push_back(batch_image(config, i));
  objective.write(states, batch);
  program.run();
  const std::vector<float> sums = program.read(objective.value());
  EXPECT_NEAR(std::accumulate(sums.begin(), sums.end(), 0.0), golden.at("value").get<double>(), 1e-5);
  EXPECT_TRUE(near_largest(program.read(gradient), expected, 1e-5));
}

}  // namespace
}  // namespace phosphene::testing::interpolation_test
