// Receptive fields against footprints that are measured: where the gradient of one neuron is not zero.
#include "layers/network/receptive_field.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "layers/network/adaptive_average_pooling.h"
#include "layers/network/binary.h"
#include "layers/network/channel_affine.h"
#include "layers/network/channel_permutation.h"
#include "layers/network/channel_range.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/group_norm.h"
#include "layers/network/layer_norm.h"
#include "layers/network/linear.h"
#include "layers/network/pad.h"
#include "layers/network/pixel_shuffle.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/resize.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "runtime/problems/network.h"
#include "tests/networks/network_run.h"

namespace phosphene::testing::receptive_field_test {
namespace {

struct Range {
  int64_t begin = 0, end = 0;
  bool operator==(const Range&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Range& range) {
  return out << "[" << range.begin << ", " << range.end << ")";
}

struct Footprint {
  Range rows, columns;
};

struct Fields {
  Graph graph;
  ValueId input = kNoValue;
  std::unique_ptr<ModelGraph> network;

  Fields(const Model& model, int64_t height, int64_t width)
      : input(graph.state("input", {{1, model.channels, height, width}})),
        network(std::make_unique<ModelGraph>(model, graph, input)) {}

  ReceptiveField of(const std::string& layer, std::optional<int64_t> channel = std::nullopt) {
    return receptive_field(graph, input, network->value(layer), channel);
  }
};

Range seen(const FieldAxis& axis, int64_t position, int64_t length) {
  const int64_t begin = axis.first + position * axis.stride;
  return {std::clamp<int64_t>(begin, 0, length), std::clamp<int64_t>(begin + axis.size, 0, length)};
}

// What the position in the middle of the map should see.
Footprint computed(const Model& model, const std::string& layer, int64_t unit, int64_t height, int64_t width) {
  Fields fields(model, height, width);
  const Shape& map = fields.graph.shape(fields.network->value(layer));
  const ReceptiveField field = fields.of(layer, unit);
  return {seen(field.rows, map.h / 2, height), seen(field.columns, map.w / 2, width)};
}

// The rows and columns between the first and the last number that is not zero.
Footprint measured(const Model& model, const std::string& layer, int unit, int64_t height, int64_t width) {
  std::mt19937 generator(7);
  Array input{{1, model.channels, height, width}, {}};
  for (int64_t i = 0; i < model.channels * height * width; ++i)
    input.data.push_back(static_cast<double>(generator() >> 24) - 128);
  const NetworkObjective objective{.layer = layer, .unit = unit, .at_centre = true};
  const std::vector<float> gradient = input_gradient(model, input, objective).gradient;
  Footprint footprint{{height, 0}, {width, 0}};
  for (size_t i = 0; i < gradient.size(); ++i) {
    if (gradient[i] == 0) continue;
    const auto column = static_cast<int64_t>(i) % width, row = static_cast<int64_t>(i) / width % height;
    footprint.rows = {std::min(footprint.rows.begin, row), std::max(footprint.rows.end, row + 1)};
    footprint.columns = {std::min(footprint.columns.begin, column), std::max(footprint.columns.end, column + 1)};
  }
  return footprint;
}

Weights ones(int64_t k, int64_t c, int64_t r, int64_t s) {
  return Weights::from(std::vector<float>(static_cast<size_t>(k * c * r * s), 1.F), {k, c, r, s});
}

// Positive weights and no kink, so that no gradient cancels: strides that differ by axis, SAME's uneven paddings, Caffe's ceiling, and
// a concat of 1 x 1, 3 x 5 and pooled branches.
Model branching() {
  const WindowAttributes wide{.r = 5, .s = 3, .stride_h = 3, .stride_w = 2, .pad_top = 2, .pad_bottom = 1};
  const WindowAttributes same{.r = 4, .s = 3, .stride_h = 2, .stride_w = 2, .same = true};
  const WindowAttributes hanging{.r = 2, .s = 3, .stride_h = 2, .stride_w = 1, .ceil = true};
  const WindowAttributes three{.r = 3, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 2}, one{};
  const WindowAttributes pool{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  const auto average = [](const WindowAttributes& window, bool global) {
    return std::make_shared<Pooling>(PoolingKind::average, window, PoolingDivisor::padded, global);
  };
  Model model;
  model.name = "branching";
  model.layers = {{"wide", std::make_shared<Convolution>(wide, 1, ones(4, 3, 5, 3), Weights{}), {Model::kInput}},
                  {"same", std::make_shared<Convolution>(same, 1, ones(4, 4, 4, 3), Weights{}), {"wide"}},
                  {"hanging", average(hanging, false), {"same"}},
                  {"a", std::make_shared<Convolution>(one, 1, ones(2, 4, 1, 1), Weights{}), {"hanging"}},
                  {"b", std::make_shared<Convolution>(three, 1, ones(3, 4, 3, 5), Weights{}), {"hanging"}},
                  {"c", average(pool, false), {"hanging"}},
                  {"joined", std::make_shared<Concat>(), {"a", "b", "c"}},
                  {"pooled", average(pool, false), {"joined"}},
                  {"after", std::make_shared<Convolution>(one, 1, ones(2, 9, 1, 1), Weights{}), {"pooled"}},
                  {"global", average(one, true), {"joined"}}};
  return model;
}

TEST(ReceptiveField, IsTheMeasuredFootprint) {
  const Model model = branching();
  const std::vector<std::pair<std::string, int>> units = {{"wide", 0},   {"same", 1},   {"hanging", 0},
                                                          {"joined", 0}, {"joined", 2}, {"joined", 8},
                                                          {"pooled", 1}, {"pooled", 4}, {"after", 1}};
  for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{97, 83}, {60, 64}, {41, 90}}) {
    for (const auto& [layer, unit] : units) {
      SCOPED_TRACE(fmt::format("{} {} of {} x {}", layer, unit, height, width));
      const Footprint wanted = measured(model, layer, unit, height, width);
      const Footprint got = computed(model, layer, unit, height, width);
      EXPECT_EQ(got.rows, wanted.rows);
      EXPECT_EQ(got.columns, wanted.columns);
    }
  }
}

// Gates of channels and of positions, constants, and both normalisations behind the first layers of the above.
Model gated() {
  Model model = branching();
  const WindowAttributes one{}, wide{.r = 3, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 2};
  const auto convolution = [](const WindowAttributes& window, int64_t k, int64_t c) {
    return std::make_shared<Convolution>(window, 1, ones(k, c, window.r, window.s), Weights{});
  };
  const auto product = std::make_shared<Binary>(BinaryOperation::multiply);
  const std::vector<Layer> behind = {
      {"affine", std::make_shared<ChannelAffine>(ones(9, 1, 1, 1), Weights{}), {"joined"}},
      {"mask", convolution(wide, 1, 4), {"same"}},
      {"masked", product, {"same", "mask"}},
      {"squeeze", std::make_shared<Pooling>(PoolingKind::average, one, PoolingDivisor::padded, true), {"same"}},
      {"excited", product, {"same", "squeeze"}},
      {"over channels", std::make_shared<LayerNorm>(1e-5F, Weights{}, Weights{}), {"masked"}},
      {"over positions", std::make_shared<GroupNorm>(2, 1e-5F, Weights{}, Weights{}), {"same"}},
      {"behind", convolution(wide, 1, 4), {"over positions"}}};
  model.layers.insert(model.layers.end(), behind.begin(), behind.end());
  return model;
}

TEST(ReceptiveField, OfGatesAndNormalisationsIsTheMeasuredFootprint) {
  const Model model = gated();
  // What sees all positions sees the padding between layers too, which a measurement does not: of 63 columns all are read.
  struct Unit {
    const char* layer;
    int unit;
    int64_t columns;
  };
  for (const auto& [layer, unit, columns] :
       {Unit{"affine", 0, 64}, Unit{"affine", 3, 64}, Unit{"masked", 1, 64}, Unit{"over channels", 1, 64},
        Unit{"excited", 1, 63}, Unit{"over positions", 1, 63}, Unit{"behind", 0, 63}}) {
    SCOPED_TRACE(layer);
    const Footprint wanted = measured(model, layer, unit, 60, columns), got = computed(model, layer, unit, 60, columns);
    EXPECT_EQ(got.rows, wanted.rows);
    EXPECT_EQ(got.columns, wanted.columns);
  }
  Fields fields(model, 60, 64);
  EXPECT_EQ(fields.of("affine", 0), fields.of("a")) << "a constant keeps the branch";
  EXPECT_EQ(fields.of("excited").rows.stride, 0) << "all positions see the same";
  EXPECT_GT(fields.of("masked").rows.size, fields.of("same").rows.size);
}

TEST(ReceptiveField, AUnitOfAConcatSeesWhatItsBranchSees) {
  const Model model = branching();
  Fields fields(model, 97, 83);
  EXPECT_EQ(fields.of("joined", 0), fields.of("a"));
  EXPECT_EQ(fields.of("joined", 1), fields.of("a"));
  EXPECT_EQ(fields.of("joined", 4), fields.of("b"));
  EXPECT_EQ(fields.of("joined", 5), fields.of("c"));
  EXPECT_LT(fields.of("pooled", 0).columns.size, fields.of("pooled").columns.size);
  EXPECT_EQ(fields.of("after", 0), fields.of("after")) << "a convolution mixes all channels";
}

TEST(ReceptiveField, OfWhatReadsTheWholeMap) {
  const Model model = branching();
  Fields fields(model, 97, 83);
  const FieldAxis rows = fields.of("joined").rows, global = fields.of("global").rows;
  const int64_t count = fields.graph.shape(fields.network->value("joined")).h;
  EXPECT_EQ(global.first, rows.first);
  EXPECT_EQ(global.size, rows.size + (count - 1) * rows.stride);
}

// Paddings and crops move a field, slices and permutations lead to the branch of their channel, blocks and even bins are windows, and
// what is enlarged sees with every element what one element below it saw.
Model rearranging() {
  const WindowAttributes half{.r = 3, .s = 3, .stride_h = 2, .stride_w = 2};
  const WindowAttributes three{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  ResizeAttributes twice{ResizeMode::nearest, ResizeCoordinates::asymmetric, ResizeRounding::floor};
  twice.factor_h = twice.factor_w = 2;
  ResizeAttributes between = twice;
  between.mode = ResizeMode::linear;
  between.coordinates = ResizeCoordinates::half_pixel;
  const auto order = std::vector<int64_t>{7, 0, 6, 1, 5, 2, 4, 3};
  Model model;
  model.name = "rearranging";
  model.layers = {{"padded", std::make_shared<Pad>(Paddings{1, 2, 0, 3}, PadRule::constant), {Model::kInput}},
                  {"half", std::make_shared<Convolution>(half, 1, ones(4, 3, 3, 3), Weights{}), {"padded"}},
                  {"cropped", std::make_shared<Pad>(Paddings{-2, -2, -1, 0}, PadRule::constant), {"half"}},
                  {"wide", std::make_shared<Convolution>(three, 1, ones(4, 4, 3, 3), Weights{}), {"cropped"}},
                  {"joined", std::make_shared<Concat>(), {"cropped", "wide"}},
                  {"moved", std::make_shared<ChannelPermutation>(order), {"joined"}},
                  {"sliced", std::make_shared<ChannelRange>(2, 4), {"moved"}},
                  {"deep", std::make_shared<PixelShuffle>(2, BlockOrder::element_first, true), {"sliced"}},
                  {"shallow", std::make_shared<PixelShuffle>(2, BlockOrder::element_first, false), {"sliced"}},
                  {"twice", std::make_shared<Resize>(twice), {"sliced"}},
                  {"between", std::make_shared<Resize>(between), {"sliced"}},
                  {"bins", std::make_shared<AdaptiveAveragePooling>(4, 3), {"sliced"}}};
  return model;
}

TEST(ReceptiveField, OfWhatIsMovedIsTheMeasuredFootprint) {
  const Model model = rearranging();
  for (const auto& [layer, unit] : std::vector<std::pair<std::string, int>>{
           {"padded", 0}, {"half", 1}, {"cropped", 0}, {"moved", 0}, {"moved", 1}, {"sliced", 0}, {"sliced", 1}}) {
    SCOPED_TRACE(fmt::format("{} {}", layer, unit));
    const Footprint wanted = measured(model, layer, unit, 38, 40), got = computed(model, layer, unit, 38, 40);
    EXPECT_EQ(got.rows, wanted.rows);
    EXPECT_EQ(got.columns, wanted.columns);
  }
}

TEST(ReceptiveField, AUnitOfASliceOfAPermutationSeesWhatItsBranchSees) {
  const Model model = rearranging();
  Fields fields(model, 38, 40);
  EXPECT_EQ(fields.of("moved", 0), fields.of("wide"));      // channel 7 of both
  EXPECT_EQ(fields.of("moved", 1), fields.of("cropped"));   // 0
  EXPECT_EQ(fields.of("sliced", 0), fields.of("wide"));     // 6
  EXPECT_EQ(fields.of("sliced", 3), fields.of("cropped"));  // 2
}

// By hand, from the field of "sliced" along rows: [-1 + 2 * 1, ...): 3 + 2 * 2 rows in steps of 2.
TEST(ReceptiveField, OfWhatIsEnlarged) {
  const Model model = rearranging();
  Fields fields(model, 38, 40);
  const FieldAxis from{1, 7, 2};
  ASSERT_EQ(fields.of("sliced").rows, from);
  // Element p reads floor(p / 2): [1 + 2 floor(p / 2), + 7) lies in [p, p + 8).
  EXPECT_EQ(fields.of("shallow").rows, (FieldAxis{0, 8, 1}));
  EXPECT_EQ(fields.of("deep").rows, (FieldAxis{1, 9, 4}));  // 7 + 2 rows, in steps of 2 * 2
  EXPECT_EQ(fields.of("twice").rows, fields.of("shallow").rows);
  // (p + 0.5) / 2 - 0.5 lies between floor((p - 1) / 2) and the next: [1 + (p - 2), ...) for even p, up to 1 + (p + 1) + 7 for odd ones.
  EXPECT_EQ(fields.of("between").rows, (FieldAxis{-1, 10, 1}));
  // 16 rows in 4 bins of 4: 7 + 3 * 2 rows in steps of 4 * 2.
  EXPECT_EQ(fields.of("bins").rows, (FieldAxis{1, 13, 8}));
  // Columns: 40 + 5 -> 22 -> 20, which 3 does not divide.
  const FieldAxis columns = fields.of("sliced").columns;
  EXPECT_EQ(fields.of("bins").columns, (FieldAxis{columns.first, columns.size + 19 * columns.stride, 0}));
}

// By the recurrence size += (taps - 1) stride, stride *= step, on paper: conv1 7 / 2, pool 3 / 2, conv2 3, pool 3 / 2, in each block 5 x 5 at
// the most, pool 3 / 2 after 3b.
TEST(ReceptiveField, OfGoogleNetByHand) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string());
  Fields fields(model, 224, 224);
  const std::vector<std::pair<std::string, FieldAxis>> known = {{"conv1/7x7_s2", {-3, 7, 2}},
                                                                {"pool1/3x3_s2", {-3, 11, 4}},
                                                                {"conv2/3x3", {-7, 19, 4}},
                                                                {"pool2/3x3_s2", {-7, 27, 8}},
                                                                {"inception_3a/output", {-23, 59, 8}},
                                                                {"inception_3b/output", {-39, 91, 8}},
                                                                {"inception_4a/output", {-71, 171, 16}},
                                                                {"inception_4c/output", {-135, 299, 16}},
                                                                {"inception_5b/output", {-327, 715, 32}}};
  for (const auto& [layer, axis] : known) {
    EXPECT_EQ(fields.of(layer), (ReceptiveField{axis, axis})) << layer << " " << fields.of(layer).rows.size;
  }
  // The first unit of each branch of 4a: 1 x 1, 3 x 3, 5 x 5, pooling.
  const std::map<int64_t, int64_t> sizes = {{0, 107}, {192, 139}, {400, 171}, {448, 139}};
  for (const auto& [unit, size] : sizes) EXPECT_EQ(fields.of("inception_4a/output:pre", unit).rows.size, size) << unit;
}

// ReLUs and max pooling let only a part of a gradient through, so the footprint may end short of the field, never beyond it; three
// colours and a hundred rows make it unlikely that the whole rim is dark.
TEST(ReceptiveField, OfGoogleNetHoldsTheMeasuredFootprint) {
  PHOSPHENE_ASSET(weights, "models/bvlc_googlenet.caffemodel");
  const Model model = load_model(weights.string(), find_asset("models/googlenet_deploy.prototxt")->string());
  constexpr int64_t kSide = 320;  // the field of the middle lies inside
  constexpr int64_t kRim = 12;    // three positions of pool1: what dark units may hide
  for (const int unit : {97, 200, 420, 480}) {
    SCOPED_TRACE(unit);
    const Footprint most = computed(model, "inception_4a/output:pre", unit, kSide, kSide);
    const Footprint found = measured(model, "inception_4a/output:pre", unit, kSide, kSide);
    for (const auto& [outer, inner] : {std::pair(most.rows, found.rows), std::pair(most.columns, found.columns)}) {
      EXPECT_GE(inner.begin, outer.begin) << inner << " in " << outer;
      EXPECT_LE(inner.end, outer.end) << inner << " in " << outer;
      EXPECT_LE(inner.begin, outer.begin + kRim) << inner << " in " << outer;
      EXPECT_GE(inner.end, outer.end - kRim) << inner << " in " << outer;
    }
  }
}

}  // namespace
}  // namespace phosphene::testing::receptive_field_test
