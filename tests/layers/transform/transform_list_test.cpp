#include "layers/transform/transform_list.h"

#include <cmath>
#include <map>

#include "kernels/transform_draw.h"
#include "layers/optimiser/objective_history.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "runtime/program.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"

namespace phosphene::transform_list_test {
namespace {

using testing::golden_table;
using testing::near_largest;
using testing::same_bits;

struct Sizes {
  int64_t image_h, image_w, network_h, network_w;
};

// Matrices of `steps` consecutive steps, step after step.
std::vector<float> run(Graph graph, ValueId matrices, ValueId step, int64_t steps, States& states, Backend& backend) {
  append_advance(graph, step);
  Program program(std::move(graph), {matrices}, backend, states);
  std::vector<float> all;
  for (int64_t s = 0; s < steps; ++s) {
    program.run();
    const std::vector<float> now = program.read(matrices);
    all.insert(all.end(), now.begin(), now.end());
  }
  return all;
}

std::vector<float> drawn(const TransformList& list, const std::vector<DrawKey>& keys, const Sizes& sizes,
                         int64_t first_step = 0, int64_t steps = 1) {
  const auto backend = make_cpu_backend(2);
  States states(*backend);
  const auto n = static_cast<int64_t>(keys.size());
  states.require("keys", draw_keys(n));
  states.write("keys", keys);
  states.require("step", step_number());
  states.write("step", std::vector<int64_t>{first_step});
  Graph graph;
  const ValueId step = graph.state("step", step_number());
  const ValueId matrices = append_transform_draw(graph, list, graph.state("keys", draw_keys(n)), step, sizes.image_h,
                                                 sizes.image_w, sizes.network_h, sizes.network_w);
  return run(std::move(graph), matrices, step, steps, states, *backend);
}

std::vector<float> replayed(const Weights& recorded, int64_t n, int64_t steps) {
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Graph graph;
  const ValueId step = graph.state("step", step_number());
  const ValueId matrices = append_transform_replay(graph, {recorded.data, recorded.data + recorded.elements()},
                                                   recorded.shape.size() == 4 ? recorded.shape[1] : 1, n, step);
  return run(std::move(graph), matrices, step, steps, states, *backend);
}

TransformStep step_of(TransformKind kind, int32_t amount = 0) {
  TransformStep step;
  step.kind = kind;
  step.amount = amount;
  return step;
}

std::vector<double> composed(const nlohmann::json& steps, int h, int w) {
  TransformComposition composition(h, w);
  for (const nlohmann::json& s : steps) {
    const std::string kind = s.at("step");
    if (kind == "pad") composition.pad(s.at("amount"));
    if (kind == "jitter") composition.jitter(s.at("amount"), s.at("row"), s.at("column"));
    if (kind == "scale") composition.scale(static_cast<float>(s.at("factor").get<double>()));
    if (kind == "rotate") composition.rotate(s.at("radians"));
    if (kind == "crop") composition.crop(s.at("height"), s.at("width"));
    EXPECT_EQ(composition.h, s.at("rows_after").get<int>()) << s;
    EXPECT_EQ(composition.w, s.at("columns_after").get<int>()) << s;
  }
  return {composition.m, composition.m + 6};
}

std::vector<double> flat(const nlohmann::json& matrix) {
  std::vector<double> numbers;
  for (const nlohmann::json& row : matrix)
    for (const nlohmann::json& number : row) numbers.push_back(number);
  return numbers;
}

// In double precision: the table's 1e-12, of entries around 10.
TEST(TransformComposition, EqualsTheGoldenTable) {
  const nlohmann::json table = golden_table("transforms");
  const nlohmann::json& one = table.at("composition");
  EXPECT_TRUE(near_largest(composed(one.at("steps"), 6, 7), flat(one.at("matrix")), 1e-12));
  EXPECT_EQ(table.at("smooth_image").at("draws").size(), 3U);
  for (const nlohmann::json& draw : table.at("smooth_image").at("draws")) {
    EXPECT_TRUE(near_largest(composed(draw.at("steps"), 64, 80), flat(draw.at("matrix")), 1e-12)) << draw.at("name");
  }
}

TEST(TransformDraw, NoStepsCentreTheNetworkOnTheImage) {
  const std::vector<DrawKey> keys = {{1, 0}};
  EXPECT_TRUE(same_bits(drawn({}, keys, {10, 12, 10, 12}), {1, 0, 0, 0, 1, 0}));
  EXPECT_TRUE(same_bits(drawn({}, keys, {10, 12, 7, 8}), {1, 0, 1, 0, 1, 2}));
  EXPECT_TRUE(same_bits(drawn({}, keys, {10, 12, 13, 16}), {1, 0, -2, 0, 1, -2}));  // floor(-3 / 2) = -2
}

// 16 equally likely offsets in 4096 draws: 256 each, with standard deviation 15.5; five of those are not exceeded by chance.
TEST(TransformDraw, JitterIsUniformAndInclusive) {
  TransformList list;
  list.steps = {step_of(TransformKind::jitter, 3)};
  const std::vector<float> all = drawn(list, {{3, 0}}, {10, 12, 7, 9}, 0, 4096);
  std::map<std::pair<float, float>, int> counts;
  for (size_t at = 0; at < all.size(); at += 6) {
    EXPECT_TRUE(all[at] == 1 && all[at + 1] == 0 && all[at + 3] == 0 && all[at + 4] == 1);
    ++counts[{all[at + 2], all[at + 5]}];
  }
  EXPECT_EQ(counts.size(), 16U);
  for (const auto& [offset, count] : counts) {
    EXPECT_TRUE(offset.first >= 0 && offset.first <= 3 && offset.second >= 0 && offset.second <= 3);
    EXPECT_NEAR(count, 256, 78) << offset.first << " " << offset.second;
  }
}

// Five choices in 2000 draws: 400 each, standard deviation 17.9.
TEST(TransformDraw, ChoicesAreEquallyLikely) {
  TransformList list;
  list.add_choice(TransformKind::scale, {1.F, 0.5F, 2.F, 0.25F, 4.F});
  const std::vector<float> all = drawn(list, {{4, 0}}, {64, 64, 64, 64}, 0, 2000);
  std::map<float, int> counts;
  for (size_t at = 0; at < all.size(); at += 6) ++counts[all[at]];
  ASSERT_EQ(counts.size(), 5U);
  for (const float inverse : {1.F, 2.F, 0.5F, 4.F, 0.25F}) EXPECT_NEAR(counts[inverse], 400, 90) << inverse;
}

// Degrees on [-7, 11): bounds kept, mean 2 to 5 of its standard deviations 18 / sqrt(12 * 2000) = .116, both ends approached.
TEST(TransformDraw, AnglesFillTheirInterval) {
  TransformList list;
  list.steps = {step_of(TransformKind::rotate)};
  list.steps[0].low = -7;
  list.steps[0].high = 11;
  const std::vector<float> all = drawn(list, {{5, 0}}, {20, 20, 20, 20}, 0, 2000);
  double sum = 0, lowest = 90, highest = -90;
  for (size_t at = 0; at < all.size(); at += 6) {
    const double degrees = std::asin(static_cast<double>(all[at + 1])) / 0.017453292519943295;
    sum += degrees;
    lowest = std::min(lowest, degrees);
    highest = std::max(highest, degrees);
  }
  EXPECT_NEAR(sum / 2000, 2, 0.58);
  EXPECT_TRUE(lowest >= -7.0001 && lowest <= -6.9) << lowest;
  EXPECT_TRUE(highest <= 11.0001 && highest >= 10.9) << highest;
}

// The matrix of a draw, retraced in the order of the list from the generator's words.
TEST(TransformDraw, ComposesTheStepsInOrder) {
  TransformList list;
  list.steps = {step_of(TransformKind::pad, 4), step_of(TransformKind::jitter, 5)};
  list.add_choice(TransformKind::scale, {0.9F, 1.1F, 1.3F});
  list.add_choice(TransformKind::rotate, {-30, 0, 40});
  const DrawKey key{99, 2};
  TransformComposition expected(20, 30);
  const auto word = [&key](uint32_t step, int index) {
    return draw(key, 17, DrawPurpose::transform, step).word[index];
  };
  const auto pick = [](uint32_t w, uint64_t count) { return static_cast<size_t>((w * count) >> 32); };
  expected.pad(4);
  expected.jitter(5, static_cast<int>(pick(word(1, 0), 6)), static_cast<int>(pick(word(1, 1), 6)));
  expected.scale(std::array{0.9F, 1.1F, 1.3F}[pick(word(2, 0), 3)]);
  expected.rotate(std::array{-30, 0, 40}[pick(word(3, 0), 3)] * 0.017453292519943295);
  expected.crop(20, 30);
  const std::vector<double> matrix(expected.m, expected.m + 6);
  EXPECT_TRUE(near_largest(drawn(list, {key}, {20, 30, 20, 30}, 17), matrix, 0x1p-24));  // rounded once
}

TEST(TransformDraw, DependsOnTheKeyAndTheStepAlone) {
  const TransformList list = transform_preset("distill", 64, 64);
  const Sizes sizes{64, 64, 64, 64};
  const DrawKey a{1, 0}, b{1, 1}, c{2, 0};
  const std::vector<float> abc = drawn(list, {a, b, c}, sizes, 0, 3), ca = drawn(list, {c, a}, sizes, 0, 3);
  const auto of = [](const std::vector<float>& all, size_t images, size_t step, size_t image) {
    const auto at = all.begin() + static_cast<ptrdiff_t>((step * images + image) * 6);
    return std::vector<float>(at, at + 6);
  };
  for (size_t step = 0; step < 3; ++step) {
    EXPECT_TRUE(same_bits(of(abc, 3, step, 0), of(ca, 2, step, 1)));
    EXPECT_TRUE(same_bits(of(abc, 3, step, 2), of(ca, 2, step, 0)));
    EXPECT_FALSE(same_bits(of(abc, 3, step, 0), of(abc, 3, step, 1)));
    EXPECT_FALSE(same_bits(of(abc, 3, step, 0), of(abc, 3, step, 2)));
  }
  EXPECT_FALSE(same_bits(of(abc, 3, 0, 0), of(abc, 3, 1, 0)));
  EXPECT_TRUE(same_bits(drawn(list, {b}, sizes, 2), of(abc, 3, 2, 1)));  // a run that is continued
}

TEST(TransformDraw, SharedDrawsAreTheFirstImages) {
  TransformList list = transform_preset("distill", 64, 64);
  const Sizes sizes{64, 64, 64, 64};
  const std::vector<float> first = drawn(list, {{1, 0}}, sizes), other_job = drawn(list, {{2, 0}}, sizes);
  list.shared = true;
  const std::vector<float> all = drawn(list, {{1, 0}, {1, 1}, {2, 2}}, sizes);
  EXPECT_TRUE(same_bits({all.begin(), all.begin() + 6}, first));
  EXPECT_TRUE(same_bits({all.begin() + 6, all.begin() + 12}, first));
  EXPECT_TRUE(same_bits({all.begin() + 12, all.end()}, other_job));
}

// Angles, magnifications and shifts of a preset stay within what its list allows.
TEST(TransformPreset, DrawsStayWithinTheList) {
  struct Bound {
    std::string name;
    double degrees, lowest_scale, highest_scale, shift;
  };
  // int(s * size) makes a scale up to one pixel smaller; the centre's shift: half of what the jitters can move it.
  for (const Bound& bound :
       {Bound{"distill", 5, 0.95, 1.05, 16}, Bound{"lucid", 10, 0.9, 1.1, 10}, Bound{"none", 0, 1, 1, 0}}) {
    const std::vector<float> all =
        drawn(transform_preset(bound.name, 224, 224), {{1, 0}}, {224, 224, 224, 224}, 0, 500);
    double most_turned = 0;
    for (size_t at = 0; at < all.size(); at += 6) {
      const double scale = 1 / std::hypot(all[at], all[at + 1]);
      const double degrees = std::atan2(all[at + 1], all[at]) / 0.017453292519943295;
      const double y = all[at] * 111.5 + all[at + 1] * 111.5 + all[at + 2],
                   x = all[at + 3] * 111.5 + all[at + 4] * 111.5 + all[at + 5];
      EXPECT_TRUE(std::abs(degrees) <= bound.degrees + 1e-4) << degrees;
      EXPECT_TRUE(scale >= bound.lowest_scale - 1.0 / 224 && scale <= bound.highest_scale + 1e-6) << scale;
      EXPECT_TRUE(std::max(std::abs(y - 111.5), std::abs(x - 111.5)) <= bound.shift) << y << " " << x;
      most_turned = std::max(most_turned, std::abs(degrees));
    }
    EXPECT_NEAR(most_turned, bound.degrees, 1e-4);
  }
}

TEST(TransformPreset, UnknownNameIsToldWithTheNearest) {
  try {
    transform_preset("distil", 224, 224);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user);
    EXPECT_NE(std::string(error.what()).find("did you mean 'distill'"), std::string::npos) << error.what();
  }
}

TEST(TransformDraw, RefusesTooLongAList) {
  TransformList list;
  list.steps.assign(kTransformSteps + 1, step_of(TransformKind::jitter, 1));
  EXPECT_THROW(drawn(list, {{1, 0}}, {64, 64, 64, 64}), Error);
}

Weights counting(std::vector<int64_t> shape) {
  std::vector<float> numbers;
  int64_t count = 1;
  for (const int64_t dim : shape) count *= dim;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(static_cast<float>(i));
  return Weights::from(std::move(numbers), std::move(shape));
}

TEST(TransformReplay, RepeatsTheLastStep) {
  EXPECT_TRUE(
      same_bits(replayed(counting({2, 2, 3}), 2, 3), {0, 1, 2, 3, 4,  5,  0, 1, 2, 3, 4,  5,   // step 0, both images
                                                      6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 10, 11,  // step 1
                                                      6, 7, 8, 9, 10, 11, 6, 7, 8, 9, 10, 11}));
  EXPECT_TRUE(same_bits(replayed(counting({1, 2, 2, 3}), 2, 2),
                        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
}

TEST(TransformReplay, RefusesWhatIsNoListOfMatrices) {
  EXPECT_THROW(replayed(counting({2, 5}), 1, 1), Error);
  EXPECT_THROW(replayed(counting({1, 3, 2, 3}), 2, 1), Error);
  EXPECT_THROW(replayed(Weights::from({1, 0, 0, 0, NAN, 0}, {1, 2, 3}), 1, 1), Error);
  EXPECT_THROW(replayed(Weights::from({1, 0, 0, 0, 1e9F, 0}, {1, 2, 3}), 1, 1), Error);
}

}  // namespace
}  // namespace phosphene::transform_list_test
