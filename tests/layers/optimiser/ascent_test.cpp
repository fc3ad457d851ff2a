#include "layers/optimiser/ascent.h"

#include <cmath>
#include <numbers>
#include <set>

#include "kernels/adam.h"
#include "kernels/nadam.h"
#include "layers/optimiser/objective_history.h"
#include "layers/transform/transform_list.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/program.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"

namespace phosphene::ascent_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

constexpr OptimiserKind kAll[] = {OptimiserKind::adam, OptimiserKind::nadam, OptimiserKind::sgd, OptimiserKind::sign,
                                  OptimiserKind::steepest};

OptimiserAttributes attributes_of(OptimiserKind kind, double learning_rate, double momentum = 0.9) {
  OptimiserAttributes attributes;
  attributes.kind = kind;
  attributes.adam.learning_rate = attributes.momentum.learning_rate = learning_rate;
  attributes.adam.nesterov = kind == OptimiserKind::nadam;
  attributes.momentum.momentum = momentum;
  attributes.momentum.sign = kind == OptimiserKind::sign;
  return attributes;
}

// Parameters "0", "1", ... of n images (or of groups of `group` images), ascended along given gradients.
class AscentRun {
 public:
  AscentRun(const OptimiserAttributes& attributes, int64_t n, const std::vector<Shape>& shapes, int64_t group = 1) {
    Graph graph;
    const ValueId step = graph.state("step", step_number());
    ValueId stopped_at = graph.state("stopped_at", stopped_at_rows(n));
    if (group > 1) stopped_at = append_group_stopped_at(graph, stopped_at, n / group);
    std::vector<ParameterUpdate> ascents;
    for (const Shape& shape : shapes) {
      const std::string name = std::to_string(ascents.size());
      const TensorInfo info{shape, Layout::planar, DType::f32};
      ascents.push_back({graph.state(name, info), graph.state("gradient " + name, info), stopped_at});
    }
    append_ascent(graph, attributes, ascents, step);
    append_advance(graph, step);
    program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{}, *backend_, states_);
  }

  void set(const std::string& name, const std::vector<double>& numbers) {
    states_.write(name, std::vector<float>(numbers.begin(), numbers.end()));
  }
  void step(const std::vector<std::vector<double>>& gradients) {
    for (size_t i = 0; i < gradients.size(); ++i) set("gradient " + std::to_string(i), gradients[i]);
    program_->run();
  }
  [[nodiscard]] std::vector<float> state(const std::string& name) const { return states_.read<float>(name); }
  States& states() { return states_; }

 private:
  std::unique_ptr<Backend> backend_ = make_cpu_backend(2);
  States states_{*backend_};
  std::unique_ptr<Program> program_;
};

// ---- schedules ----

TEST(Schedule, EqualsItsFormulas) {
  const LearningRateSchedule constant;
  LearningRateSchedule exponential{.shape = ScheduleShape::exponential, .decay = 0.7, .every = 10};
  LearningRateSchedule cosine{.shape = ScheduleShape::cosine, .to = 0.1, .steps = 64};
  for (int64_t step = 0; step < 64; ++step) {
    EXPECT_EQ(learning_rate_factor(constant, step), 1);
    double power = 1;
    for (int64_t i = 0; i < step / 10; ++i) power *= 0.7;
    EXPECT_NEAR(learning_rate_factor(exponential, step), power, 1e-14) << step;
    const double angle = std::numbers::pi * static_cast<double>(step) / 64;
    EXPECT_NEAR(learning_rate_factor(cosine, step), 0.1 + 0.9 * (1 + std::cos(angle)) / 2, 1e-14) << step;
  }
  EXPECT_EQ(learning_rate_factor(cosine, 0), 1);
  EXPECT_NEAR(learning_rate_factor(cosine, 1000), 0.1, 1e-14) << "the end is kept";
  exponential.warmup = cosine.warmup = 4;
  EXPECT_NEAR(learning_rate_factor(exponential, 0), 0.25, 1e-14);
  EXPECT_NEAR(learning_rate_factor(cosine, 2), 0.75 * (0.1 + 0.9 * (1 + std::cos(std::numbers::pi / 32)) / 2), 1e-14);
  EXPECT_EQ(learning_rate_factor(exponential, 4), 1) << "warm";
}

// Adam without new keys has the factors it always had, to the bit.
TEST(Schedule, NoneLeavesAdamsFactorsAlone) {
  for (const int64_t step : {0, 1, 17, 100000}) {
    float factors[2];
    AdamFactors{&step, factors, 0.05, 0.9, 0.999, AdamEpsilon::torch}(0, 0, Lanes<1>{});
    const double t = static_cast<double>(step + 1);
    EXPECT_EQ(factors[0], static_cast<float>(0.05 / (1 - std::pow(0.9, t)) * 1));
    EXPECT_EQ(factors[1], static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t))));
  }
}

// A gradient of 1 and no momentum: x is the sum of the rates. The device reads the step; nobody tells it a rate.
TEST(Schedule, IsFollowedFromStepToStep) {
  for (const OptimiserKind kind : {OptimiserKind::sgd, OptimiserKind::sign}) {
    OptimiserAttributes attributes = attributes_of(kind, 2, 0);
    attributes.momentum.schedule = {.shape = ScheduleShape::exponential, .decay = 0.5, .every = 2, .warmup = 2};
    AscentRun run(attributes, 1, {{1, 1, 1, 2}});
    for (const double expected : {1.0, 3.0, 4.0, 5.0, 5.5, 6.0}) {
      run.step({{1, 1}});
      EXPECT_EQ(run.state("0"), std::vector<float>(2, static_cast<float>(expected)));
    }
  }
}

TEST(Schedule, AdamAndNadamFollowTheirsToo) {
  for (const OptimiserKind kind : {OptimiserKind::adam, OptimiserKind::nadam}) {
    OptimiserAttributes slow = attributes_of(kind, 0.5);
    slow.adam.schedule.warmup = 4;
    AscentRun scheduled(slow, 1, {{1, 1, 1, 1}}), constant(attributes_of(kind, 0.5), 1, {{1, 1, 1, 1}});
    scheduled.step({{3}});
    constant.step({{3}});
    EXPECT_FLOAT_EQ(scheduled.state("0")[0], constant.state("0")[0] / 4);
  }
}

// ---- rules ----

// Momenta of PyTorch's documentation, multiplied up one by one.
struct NaiveNadam {
  double rate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double x = 0, m = 0, v = 0, product = 1;
  int t = 0;

  [[nodiscard]] double momentum(int at) const { return beta1 * (1 - 0.5 * std::pow(0.96, at * 0.004)); }
  void step(double g) {
    ++t;
    const double now = momentum(t), next = momentum(t + 1);
    product *= now;
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const double ahead = next * m / (1 - product * next) + (1 - now) * g / (1 - product);
    x += rate * ahead / (std::sqrt(v / (1 - std::pow(beta2, t))) + epsilon);
  }
};

// Gradients from 1e-9 (near epsilon) to 1. A step is at most a few rates long and rounds some ten times.
TEST(Nadam, EqualsNaiveLoops) {
  const std::vector<double> scales = {1, 1e-3, 1e-6, 1e-9, 0};
  AscentRun run(attributes_of(OptimiserKind::nadam, 0.05), 1, {{1, 1, 1, 5}});
  std::vector<NaiveNadam> naive(5, NaiveNadam{0.05});
  for (unsigned t = 0; t < 50; ++t) {
    std::vector<double> gradient = random_numbers(5, t);
    for (size_t i = 0; i < 5; ++i) gradient[i] = static_cast<double>(static_cast<float>(gradient[i] * scales[i]));
    run.step({gradient});
    for (size_t i = 0; i < 5; ++i) {
      naive[i].step(gradient[i]);
      EXPECT_NEAR(run.state("0")[i], naive[i].x, 0.05 * (t + 1) * 16 * 0x1p-24) << "step " << t << " number " << i;
    }
  }
}

// The sum that stands for a product of t momenta: to rounding, for any t a run can have. Factors are rounded to float once.
TEST(Nadam, FactorsEqualTheWholeProduct) {
  for (const double beta1 : {0.9, 0.999, 0.0}) {
    double product = 1;
    int64_t multiplied = 0;
    for (const int64_t step : {0, 1, 2, 10, 100, 5000, 999999}) {
      const auto momentum = [beta1](int64_t at) {
        return beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(at) * 0.004));
      };
      while (multiplied < step + 1) product *= momentum(++multiplied);
      float factors[3];
      NadamFactors{&step, factors, 1, beta1, 0.999, {}}(0, 0, Lanes<1>{});
      const double now = momentum(step + 1), next = momentum(step + 2);
      EXPECT_NEAR(factors[0], next / (1 - product * next), 2 * 0x1p-24 * std::abs(factors[0])) << beta1 << " " << step;
      EXPECT_NEAR(factors[2], (1 - now) / (1 - product), 2 * 0x1p-24 * std::abs(factors[2])) << beta1 << " " << step;
    }
  }
}

// Five steps of each rule in double precision; a step rounds fewer than 8 times, of numbers up to 30.
TEST(Momentum, EqualsNaiveLoops) {
  for (const bool sign : {false, true}) {
    AscentRun run(attributes_of(sign ? OptimiserKind::sign : OptimiserKind::sgd, 0.5, 0.75), 2, {{2, 3, 2, 11}});
    std::vector<double> x = random_numbers(132, 1), m(132);
    run.set("0", x);
    for (unsigned t = 0; t < 5; ++t) {
      const std::vector<double> g = random_numbers(132, 10 + t);
      run.step({g});
      for (size_t i = 0; i < x.size(); ++i) {
        m[i] = 0.75 * m[i] + g[i];
        x[i] += 0.5 * (sign ? (m[i] > 0) - (m[i] < 0) : m[i]);
      }
      EXPECT_TRUE(near_largest(run.state("0"), x, 8 * 0x1p-24)) << t;
      EXPECT_TRUE(near_largest(run.state("0/m"), m, 8 * 0x1p-24)) << t;
    }
  }
}

// ---- norms ----

double norm_of(const std::vector<double>& g, size_t image, size_t images) {
  double squares = 0;
  const size_t size = g.size() / images;
  for (size_t i = image * size; i < (image + 1) * size; ++i) squares += g[i] * g[i];
  return std::sqrt(squares);
}

// The norm is that of an image over both of its parameters; a sum of K squares is exact to 4 eps sqrt(K).
TEST(GradientScale, SteepestAscentMovesEachImageByTheRate) {
  AscentRun run(attributes_of(OptimiserKind::steepest, 2, 0), 3, {{3, 3, 7, 37}, {3, 1, 1, 5}});
  std::vector<double> first = random_numbers(3 * 3 * 7 * 37, 1), second = random_numbers(15, 2);
  std::fill(first.begin() + 777, first.begin() + 2 * 777, 0.0);  // image 1 has no gradient at all
  std::fill(second.begin() + 5, second.begin() + 10, 0.0);
  run.step({first, second});
  std::vector<double> expected_first = first, expected_second = second;
  for (size_t n = 0; n < 3; ++n) {
    const double norm = n == 1 ? 1 : std::hypot(norm_of(first, n, 3), norm_of(second, n, 3));
    for (size_t i = 0; i < 777; ++i) expected_first[n * 777 + i] *= 2 / norm;
    for (size_t i = 0; i < 5; ++i) expected_second[n * 5 + i] *= 2 / norm;
  }
  EXPECT_TRUE(near_largest(run.state("0"), expected_first, 4 * std::sqrt(777.0) * 0x1p-24));
  EXPECT_TRUE(near_largest(run.state("1"), expected_second, 4 * std::sqrt(777.0) * 0x1p-24));
}

// A long gradient is shortened to the limit; a short one keeps its bits.
TEST(GradientScale, ClippingShortensLongGradientsOnly) {
  OptimiserAttributes clipped = attributes_of(OptimiserKind::sgd, 1, 0);
  clipped.clip_norm = 5;
  AscentRun run(clipped, 2, {{2, 1, 2, 40}}), plain(attributes_of(OptimiserKind::sgd, 1, 0), 2, {{2, 1, 2, 40}});
  std::vector<double> g = random_numbers(160, 3);
  for (size_t i = 80; i < 160; ++i) g[i] /= 16;
  ASSERT_GT(norm_of(g, 0, 2), 5);
  ASSERT_LT(norm_of(g, 1, 2), 5);
  run.step({g});
  plain.step({g});
  const std::vector<float> x = run.state("0"), whole = plain.state("0");
  EXPECT_NEAR(norm_of(to_doubles(x), 0, 2), 5, 1e-5);
  EXPECT_TRUE(same_bits({x.begin() + 80, x.end()}, {whole.begin() + 80, whole.end()}));
}

// ---- stopped_at_rows ----

TEST(ParameterUpdate, FrozenImagesKeepEveryByte) {
  for (const OptimiserKind kind : kAll) {
    AscentRun run(attributes_of(kind, 0.1), 3, {{3, 1, 2, 9}, {3, 2, 1, 4}});
    run.set("0", random_numbers(54, 1));
    run.set("1", random_numbers(24, 2));
    run.step({random_numbers(54, 3), random_numbers(24, 4)});
    run.states().write("stopped_at", std::vector<int64_t>{0, 7, 0});
    std::vector<std::vector<float>> before, after;
    for (const char* name : {"0", "1", "0/m", "1/m"}) before.push_back(run.state(name));
    run.step({std::vector<double>(54, NAN), std::vector<double>(24, NAN)});
    for (const char* name : {"0", "1", "0/m", "1/m"}) after.push_back(run.state(name));
    for (size_t i = 0; i < before.size(); ++i) {
      const auto third = static_cast<ptrdiff_t>(before[i].size() / 3);
      const auto frozen = [third](const std::vector<float>& all) {
        return std::vector<float>(all.begin() + third, all.begin() + 2 * third);
      };
      EXPECT_TRUE(same_bits(frozen(after[i]), frozen(before[i]))) << static_cast<int>(kind) << " state " << i;
      const bool of_momentum = i >= 2;  // only there: the sign of NaN moves nothing
      EXPECT_TRUE(!of_momentum || std::isnan(after[i][0])) << "the others are not frozen";
    }
  }
}

// What a group shares stands still with the first of its images that does.
TEST(ParameterUpdate, AGroupIsFrozenWithAnyOfItsImages) {
  AscentRun run(attributes_of(OptimiserKind::sgd, 1, 0), 6, {{4, 1, 1, 3}}, 3);  // two groups, two tensors each
  run.states().write("stopped_at", std::vector<int64_t>{0, 0, 0, 0, 0, 9});
  run.step({std::vector<double>(12, 1)});
  EXPECT_EQ(run.state("0"), (std::vector<float>{1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

// What an optimiser remembers can be copied by whoever knows the parameter's name.
TEST(ParameterUpdate, NamesTheStatesThatItAdds) {
  for (const OptimiserKind kind : kAll) {
    const OptimiserAttributes attributes = attributes_of(kind, 1);
    AscentRun run(attributes, 1, {{1, 1, 1, 3}});
    std::set<std::string> added;
    for (const std::string& name : run.states().names()) added.insert(name);
    for (const char* given : {"step", "stopped_at", "0", "gradient 0"}) EXPECT_EQ(added.erase(given), 1U) << given;
    const std::vector<std::string> named = optimiser_states(attributes, "0");
    EXPECT_EQ(added, std::set<std::string>(named.begin(), named.end())) << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace phosphene::ascent_test
