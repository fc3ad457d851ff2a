// What is computed for a unit: the same value and gradient as by whole layers, the same bytes in every batch, and nothing beside it.
#include "experiment/objective/needed_channels.h"
#include "experiment/config/parse_config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "experiment/config/batches.h"
#include "experiment/objective/objective.h"
#include "experiment/step/step_program.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pad.h"
#include "layers/network/pooling.h"
#include "layers/network/prelu.h"
#include "layers/network/resize.h"
#include "loaders/model/model_graph.h"
#include "loaders/model_file.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "runtime/problems/network.h"
#include "tests/experiment/small_experiment.h"
#include "tests/support/all_jobs.h"
#include "tests/support/compare.h"

namespace phosphene::testing::needed_channels_test {
namespace {

constexpr int64_t kSide = 16;

// Most are 0, the others 1 or -1: with an input of such numbers every sum in the network and its gradient is exact, in any order.
Weights few_ones(std::vector<int64_t> shape, int64_t one_in, unsigned seed) {
  std::mt19937 generator(seed);
  Weights weights{{}, nullptr, shape};
  std::vector<float> numbers;
  for (int64_t i = 0; i < weights.elements(); ++i) {
    const auto draw = static_cast<int64_t>(generator()) % (2 * one_in);
    numbers.push_back(draw == 0 ? 1.F : draw == 1 ? -1.F : 0.F);
  }
  return Weights::from(std::move(numbers), std::move(shape));
}

// Another small whole number for neighbouring channels, above 0 so that a ReLU behind them passes something.
Weights counting(int64_t count) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<float>(i % 5 + 1));
  return Weights::from(std::move(numbers), {count});
}

class NetworkOfBranches {
 public:
  NetworkOfBranches() {
    model_.name = "branches";
    model_.height = model_.width = kSide;
    model_.preprocessing = {{1, 1, 1}, {0.5F, 0.5F, 0.5F}, {0, 1, 2}};
    convolution("stem", Model::kInput, 3, 8, 3);
    convolution("a", "stem", 8, 20, 1);
    convolution("b", "stem", 8, 40, 3);
    append("inner", std::make_shared<Concat>(), {"a", "b"});
    WindowAttributes window = square(3);
    append("max", std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false), {"stem"});
    convolution("c", "max", 8, 10, 1);
    append("mixed", std::make_shared<Concat>(), {"inner", "c"});  // 20 + 40 + 10 channels
    window.stride_h = window.stride_w = 2;
    append("pool", std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false), {"mixed"});
    convolution("deep", "pool", 70, 24, 3);
    append("norm", std::make_shared<Lrn>(2, 0.1F, 0.75F, 1.F), {"deep"});
    append("late", std::make_shared<ChannelRange>(50, 20), {"mixed"});  // 10 of b, then c
    append("early", std::make_shared<ChannelRange>(30, 34), {"mixed"});
    append("crossed", std::make_shared<Concat>(),
           {"late", "early"});  // channels 50 to 59 of mixed twice, and late before early
    append("edged", std::make_shared<Pad>(Paddings{1, -1, -1, 1}, PadRule::reflect), {"crossed"});
    ResizeAttributes twice{ResizeMode::nearest, ResizeCoordinates::asymmetric, ResizeRounding::floor};
    twice.factor_h = twice.factor_w = 2;
    append("twice", std::make_shared<Resize>(twice), {"edged"});
    append("shuffled", ChannelPermutation::shuffle(54, 2), {"twice"});
    append("small", std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false), {"shuffled"});
    append("scaled", std::make_shared<ChannelAffine>(counting(70), counting(70)), {"mixed"});
    append("scaled relu", std::make_shared<Relu>(), {"scaled"});
    append("shifted", std::make_shared<ChannelAffine>(Weights{}, Weights::from({1}, {1})), {"pool"});
    append("fc",
           std::make_shared<Linear>(few_ones({40, 24, kSide / 2, kSide / 2}, 64, 9),
                                    Weights::from(std::vector<float>(40, 1), {40})),
           {"deep"});
    for (int label = 0; label < 40; ++label) model_.labels.push_back(fmt::format("class {}", label));
  }

  [[nodiscard]] const Model& model() const { return model_; }

 private:
  static WindowAttributes square(int64_t side) {
    WindowAttributes window;
    window.r = window.s = side;
    window.pad_top = window.pad_left = window.pad_bottom = window.pad_right = side / 2;
    return window;
  }

  void append(const std::string& name, std::shared_ptr<const Op> op, std::vector<std::string> inputs) {
    model_.layers.push_back({name, std::move(op), std::move(inputs)});
  }

  void convolution(const std::string& name, const std::string& input, int64_t from, int64_t to, int64_t side) {
    const auto seed = static_cast<unsigned>(model_.layers.size());
    append(name + ":pre",
           std::make_shared<Convolution>(square(side), 1, few_ones({to, from, side, side}, 2, seed),
                                         few_ones({to}, 2, seed + 100)),
           {input});
    append(name, std::make_shared<Relu>(), {name + ":pre"});
  }

  Model model_;
};

Objective objective_of(const Json& terms, int64_t images = 1) {
  return parse_config({{"model", "branches"}, {"images", images}, {"objective", terms}}, "test.json", "").objective;
}

template <class... T>
Json list(const T&... terms) {
  Json all = Json::array();
  (all.push_back(terms), ...);
  return all;
}

Json channel(const std::string& layer, int64_t unit) { return {{"channel", {{"layer", layer}, {"unit", unit}}}}; }

struct Expected {
  std::string layer;
  int64_t unit;
  NeededBlock read;
};

// First and last units of branches, of the block that ends where the channels do, and of layers that a block does not reach through.
TEST(NeededChannels, AreTheBranchAndTheBlockOfAUnit) {
  const NetworkOfBranches network;
  const Expected cases[] = {{"mixed:pre", 0, {{"a:pre", 0, 16, {}}, 0}},
                            {"mixed:pre", 15, {{"a:pre", 0, 16, {}}, 0}},
                            {"mixed:pre", 16, {{"a:pre", 4, 16, {}}, 4}},
                            {"mixed:pre", 19, {{"a:pre", 4, 16, {}}, 4}},
                            {"mixed:pre", 20, {{"b:pre", 0, 16, {}}, 20}},
                            {"mixed:pre", 36, {{"b:pre", 16, 16, {}}, 36}},
                            {"mixed:pre", 59, {{"b:pre", 24, 16, {}}, 44}},
                            {"mixed:pre", 60, {{"c:pre", 0, 0, {}}, 60}},
                            {"mixed", 69, {{"c:pre", 0, 0, {{"c", 0}}}, 60}},
                            {"inner", 21, {{"b:pre", 0, 16, {{"b", 0}}}, 20}},
                            {"pool", 59, {{"b:pre", 24, 16, {{"b", 24}, {"pool", 44}}}, 44}},
                            {"b", 39, {{"b:pre", 24, 16, {{"b", 24}}}, 24}},
                            {"norm", 3, {{"norm", 0, 0, {}}, 0}},
                            {"stem", 7, {{"stem:pre", 0, 0, {{"stem", 0}}}, 0}},
                            {"max", 7, {{"stem:pre", 0, 0, {{"stem", 0}, {"max", 0}}}, 0}},
                            {"scaled", 59, {{"b:pre", 24, 16, {{"b", 24}, {"scaled", 44}}}, 44}},
                            {"scaled relu", 69, {{"c:pre", 0, 0, {{"c", 0}, {"scaled", 60}, {"scaled relu", 60}}}, 60}},
                            {"fc", 39, {{"fc", 24, 16, {}}, 24}},
                            // Channel u of late is 50 + u of mixed, which is 30 + u of b.
                            {"late", 0, {{"b:pre", 16, 16, {{"b", 16}}}, -14}},
                            {"late", 10, {{"c:pre", 0, 0, {{"c", 0}}}, 10}},
                            {"early", 0, {{"b:pre", 0, 16, {{"b", 0}}}, -10}},
                            {"crossed", 0, {{"b:pre", 16, 16, {{"b", 16}}}, -14}},
                            {"crossed", 40, {{"b:pre", 16, 16, {{"b", 16}}}, 26}},  // 20 of early, 30 of b
                            {"twice", 49, {{"b:pre", 24, 16, {{"b", 24}, {"edged", 34}, {"twice", 34}}}, 34}},
                            {"shuffled", 3, {{"shuffled", 0, 0, {}}, 0}},
                            {"small", 3, {{"shuffled", 0, 0, {{"small", 0}}}, 0}}};
  for (const Expected& one : cases) {
    const NeededChannels reads = needed_channels(network.model(), objective_of(list(channel(one.layer, one.unit))));
    EXPECT_EQ(to_string(reads), to_string({{{0, 0}, one.read}})) << one.layer << " " << one.unit;
    EXPECT_EQ(reads.at({0, 0}).begin, one.read.begin) << one.layer << " " << one.unit;
  }
}

// Slopes for each channel are not cut; one for all goes with any block.
TEST(NeededChannels, EndAtSlopesOfEachChannel) {
  Model model = NetworkOfBranches().model();
  model.layers.push_back({"one", std::make_shared<PRelu>(Weights::from({0.5F}, {1})), {"mixed:pre"}});
  model.layers.push_back({"each", std::make_shared<PRelu>(Weights::from(std::vector<float>(70, 0.5F), {70})), {"one"}});
  const Expected cases[] = {{"one", 21, {{"b:pre", 0, 16, {{"one", 20}}}, 20}}, {"each", 21, {{"each", 0, 0, {}}, 0}}};
  for (const Expected& one : cases) {
    const NeededChannels reads = needed_channels(model, objective_of(list(channel(one.layer, one.unit))));
    EXPECT_EQ(to_string(reads), to_string({{{0, 0}, one.read}})) << one.layer;
    EXPECT_EQ(reads.at({0, 0}).begin, one.read.begin) << one.layer;
  }
}

TEST(NeededChannels, AreWholeWhereAnotherTermReadsTheLayer) {
  const NetworkOfBranches network;
  const auto reads = [&](const Json& terms, int64_t images = 1) {
    return needed_channels(network.model(), objective_of(terms, images));
  };
  const Json layer_a = {{"layer", {{"layer", "a"}}}};
  EXPECT_EQ(reads(list(channel("mixed:pre", 3), layer_a)).at({0, 0}), (NeededBlock{{"a:pre", 0, 0, {}}, 0}));
  EXPECT_EQ(reads(list(channel("mixed", 3), layer_a)).at({0, 0}), (NeededBlock{{"a", 0, 0, {}}, 0}));
  EXPECT_EQ(reads(list(channel("mixed:pre", 23), layer_a)).at({0, 0}), (NeededBlock{{"b:pre", 0, 16, {}}, 20}))
      << "another branch";
  EXPECT_EQ(reads(list(channel("mixed", 23), channel("deep", 1))).at({0, 0}), (NeededBlock{{"mixed", 0, 0, {}}, 0}))
      << "a deeper layer is computed from all of it";
  EXPECT_EQ(reads(list(Json{{"layer", {{"layer", "mixed:pre"}}}}, channel("mixed:pre", 23))).at({1, 0}),
            (NeededBlock{{"mixed:pre", 0, 0, {}}, 0}));

  const NeededChannels both = reads(list(Json{{"interpolation", {{"layer", "b"}, {"unit", 1}, {"to_unit", 17}}}}), 2);
  EXPECT_EQ(both.at({0, 0}).block.first, 0);
  EXPECT_EQ(both.at({1, 0}).block.first, 16);
  const NeededChannels product = reads(list(Json{{"product", list(channel("b", 1), Json{{"class", {{"index", 5}}}})}}));
  EXPECT_EQ(product.size(), 1U) << "a class is read from all logits";
  EXPECT_EQ(product.at({0, 0}), (NeededBlock{{"b", 0, 0, {}}, 0})) << "which depend on the layer";
  EXPECT_TRUE(reads(list(channel("b", 40))).empty()) << "a unit that does not exist is told where tables are written";
  EXPECT_TRUE(refuses([&] { reads(list(channel("bb", 0))); }, {"/objective/0/channel", "bb", "no such layer"}));
}

struct Result {
  std::vector<float> values, gradient;
};

Result ascend(const Model& model, const Json& terms, bool narrowed, GradientRules rules = {}) {
  constexpr int64_t kImages = 2;
  const Config config =
      parse_config({{"model", "branches"}, {"images", kImages}, {"objective", terms}}, "test.json", "");
  Graph graph;
  const ValueId input = graph.state(Model::kInput, {{kImages, 3, kSide, kSide}});
  ModelGraph network(model, graph, input, rules);
  const ObjectivePart objective(graph, network, model, config.objective, config.image, graph.shape(input), {}, nullptr,
                                narrowed ? needed_channels(model, config.objective) : NeededChannels{});
  const ValueId gradient = differentiate(graph, std::vector<ValueId>{input}).at(0);
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {objective.value(), gradient}, *backend, states);
  const Weights ones = few_ones({kImages, 3, kSide, kSide}, 2, 77);
  states.write(Model::kInput, std::vector<float>(ones.data, ones.data + ones.elements()));
  objective.write(states, {batch_image(config, 0), batch_image(config, 1)});
  program.run();
  return {program.read(objective.value()), program.read(gradient)};
}

// Weights and inputs of -1, 0 and 1, maps of 256 or 64 positions: all sums, forward and backward, are of multiples of 2^-9 and of random
// signs, far below 2^24 times that, so exact in whatever order an implementation adds. Nothing may differ, but where max pooling's
// gradient is smoothed: a share of 1/9 rounds, and then each of some 30 sums that follow may, in an order of its own.
TEST(NeededChannels, GiveTheValueAndGradientOfWholeLayers) {
  const NetworkOfBranches network;
  const auto neuron = [](const std::string& layer, int64_t unit) {
    return Json{{"neuron", {{"layer", layer}, {"unit", unit}, {"row", 2}, {"column", 5}}}};
  };
  std::vector<Json> objectives;
  for (const int64_t unit : {0, 19, 20, 35, 59, 60, 69}) {
    for (const char* layer : {"mixed:pre", "mixed", "pool", "scaled", "scaled relu", "shifted"})
      objectives.push_back(list(channel(layer, unit)));
    objectives.push_back(list(neuron("mixed:pre", unit)));
  }
  for (const char* layer : {"pool", "scaled relu", "shifted"})  // blocks of three branches behind one layer
    objectives.push_back(list(channel(layer, 2), channel(layer, 21), channel(layer, 61)));
  for (const int64_t unit : {0, 9, 10, 19, 20, 40, 53})
    for (const char* layer : {"crossed", "edged", "twice", "shuffled", "small"})
      objectives.push_back(list(channel(layer, unit)));
  objectives.push_back(list(channel("late", 5)));
  // Blocks of two branches, numbered alike, through one layer.
  objectives.push_back(list(channel("pool", 3), channel("pool", 23)));
  objectives.push_back(list(channel("deep", 23)));
  objectives.push_back(list(channel("fc", 39)));
  objectives.push_back(list(channel("mixed", 3), channel("mixed", 59), channel("deep", 2)));
  objectives.push_back(list(Json{{"product", list(channel("b", 33), neuron("a", 2))}}));
  objectives.push_back(list(Json{{"interpolation", {{"layer", "mixed"}, {"unit", 5}, {"to_unit", 58}}}}));
  for (const GradientRules& rules : {GradientRules{}, GradientRules{ReluGradient::redirected, true}}) {
    for (const Json& terms : objectives) {
      SCOPED_TRACE(terms.dump());
      const Result whole = ascend(network.model(), terms, false, rules),
                   narrow = ascend(network.model(), terms, true, rules);
      EXPECT_NE(std::count(whole.gradient.begin(), whole.gradient.end(), 0.F), std::ssize(whole.gradient));
      EXPECT_TRUE(same_numbers(narrow.values, whole.values));
      EXPECT_TRUE(near_largest(narrow.gradient, whole.gradient, rules.smooth_max_pooling ? 32 * 0x1p-24 : 0));
    }
  }
}

TEST(NeededChannels, PlanNothingBeside) {
  const NetworkOfBranches network;
  const auto backend = make_cpu_backend(1);
  const auto plan = [&](const Json& terms) {
    const Config config = parse_config({{"model", "branches"}, {"objective", terms}}, "test.json", "");
    const StepProgram step(network.model(), config, 1, *backend);
    std::map<std::string, int64_t> channels;
    for (const Program::Step& planned : step.program().steps()) channels[planned.layer] = planned.dst.c;
    return channels;
  };
  const auto narrow = plan(list(channel("mixed:pre", 36)));
  EXPECT_EQ(narrow.at("b:pre[16:32]"), 16);
  EXPECT_EQ(narrow.at("grad b:pre[16:32]"), 8);
  for (const char* layer : {"a:pre", "b:pre", "inner:pre", "mixed:pre", "max", "c:pre"})
    EXPECT_FALSE(narrow.contains(layer) || narrow.contains(std::string("grad ") + layer)) << layer;
  const auto both = plan(list(channel("mixed:pre", 36), channel("mixed:pre", 69)));
  EXPECT_TRUE(both.contains("b:pre[16:32]") && both.contains("c:pre") && !both.contains("a:pre"));
  EXPECT_EQ(plan(list(channel("mixed:pre", 36), channel("deep:pre", 0))).at("mixed"), 70);
}

// One block under two numberings: its channels are not read by the other's.
TEST(NeededChannels, OfOverlappingSlicesAreOtherReads) {
  const NetworkOfBranches network;
  const auto reads = [&](int64_t unit) {
    return needed_channels(network.model(), objective_of(list(channel("crossed", unit))));
  };
  const NeededChannels late = reads(2), early = reads(42);  // 52 of mixed both
  EXPECT_EQ(late.at({0, 0}).block, early.at({0, 0}).block);
  EXPECT_NE(to_string(late), to_string(early));
  EXPECT_EQ(to_string(late), to_string(reads(9)));
}

Json sweep_of_units(const TemporaryFolder& folder) {
  save_model(NetworkOfBranches().model(), folder.file("branches.safetensors"));
  return {{"model", "branches.safetensors"},
          {"objective", list(channel("mixed:pre", 0))},
          {"steps", 6},
          {"save", {"image"}},
          {"sweep", {{"/objective/0/channel/unit", {59, 1, 20, 60, 2, 50, 16, 3, 45}}}}};
}

// Blocks are rendered one after the other, and pictures neither know nor show it.
TEST(NeededChannels, OfASweepDependNeitherOnBatchesNorOnThreads) {
  const TemporaryFolder folder;
  Json config = sweep_of_units(folder);
  config["batch"] = 1;
  EXPECT_EQ(render(folder, config, folder.file("alone")).finished, 9);
  const auto alone = results_of(folder.file("alone"));
  ASSERT_EQ(alone.size(), 27U);
  for (const int batch : {2, 3, 4}) {
    config["batch"] = batch;
    RunOptions options;
    options.device.threads = batch - 1;
    EXPECT_EQ(render(folder, config, folder.file(std::to_string(batch)), options).finished, 9);
    EXPECT_TRUE(alone == results_of(folder.file(std::to_string(batch)))) << batch;
  }
  const Json record = read_json(folder.file("alone/records/mixed-pre_0020.json"));
  EXPECT_EQ(record["unit"], 20);

  config.erase("sweep");
  for (const int unit : {59, 20}) {  // wherever it stands in the sweep
    config["objective"][0]["channel"]["unit"] = unit;
    const std::string out = folder.file(fmt::format("single_{}", unit));
    render(folder, config, out);
    const auto single = results_of(out);
    for (const auto& [format, in_sweep] : {std::pair("images/mixed-pre_{}.png", "images/mixed-pre_00{}.png"),
                                           {"floats/mixed-pre_{}.safetensors", "floats/mixed-pre_00{}.safetensors"}})
      EXPECT_TRUE(single.at(fmt::format(fmt::runtime(format), unit)) ==
                  alone.at(fmt::format(fmt::runtime(in_sweep), unit)))
          << unit;
  }
}

// Stops at a step, counted over batches.
class StopAt final : public Progress {
 public:
  explicit StopAt(int step) : steps_left_(step) {}
  void on_status(const std::string& /*line*/, double /*eta*/) override { stop = --steps_left_ <= 0; }
  void on_message(const std::string& /*line*/) override {}

  std::atomic<bool> stop = false;

 private:
  int steps_left_;
};

TEST(NeededChannels, AreTheSameWhenARunGoesOn) {
  const TemporaryFolder folder;
  const Json config = sweep_of_units(folder);
  render(folder, config, folder.file("once"));
  StopAt progress(15);
  RunOptions options;
  options.progress = &progress;
  options.stop = &progress.stop;
  const RunResult first = render(folder, config, folder.file("twice"), options);
  EXPECT_TRUE(first.interrupted);
  EXPECT_GT(first.finished, 0);
  EXPECT_EQ(render(folder, config, folder.file("twice")).skipped, first.finished);
  EXPECT_TRUE(files_of(folder.file("once")) == files_of(folder.file("twice")));
}

TEST(NeededChannels, MakeNoMoreProgramsOfASweepThanBlocks) {
  const NetworkOfBranches network;
  Json json = {{"model", "branches"},
               {"objective", list(channel("mixed", 0))},
               {"sweep", {{"/seed", {1, 2}}, {"/objective/0/channel/unit", {{"range", {0, 70}}}}}}};
  std::vector<Job> jobs = all_jobs(parse_config(json, "test.json", ""));
  for (Job& job : jobs) job.structure += to_string(needed_channels(network.model(), job.config.objective));
  std::vector<std::string> structures;
  std::set<size_t> packed;
  for (const auto& batch : pack(jobs, 4)) {
    const std::string& structure = jobs[batch.front().job].structure;
    if (structures.empty() || structures.back() != structure) structures.push_back(structure);
    for (const JobImage& image : batch) {
      EXPECT_EQ(jobs[image.job].structure, structure);
      EXPECT_TRUE(packed.insert(image.job).second);
    }
  }
  EXPECT_EQ(packed.size(), 140U);
  EXPECT_EQ(structures.size(), 2U + 3U + 1U) << "blocks of a, b and c";
}

}  // namespace
}  // namespace phosphene::testing::needed_channels_test
