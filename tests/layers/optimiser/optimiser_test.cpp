#include <cmath>
#include <limits>

#include "kernels/launch_cpu.h"
#include "layers/optimiser/ascent.h"
#include "layers/optimiser/objective_history.h"
#include "layers/transform/transform_list.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/launches/image.h"
#include "runtime/launches/optimiser.h"
#include "runtime/problems/image.h"
#include "runtime/problems/optimiser.h"
#include "runtime/program.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::optimiser_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

std::vector<float> to_floats(const std::vector<double>& numbers) { return {numbers.begin(), numbers.end()}; }

// Adam, the step number and the record of given values, on given gradients.
class AdamRun {
 public:
  AdamRun(const AdamAttributes& attributes, const TensorInfo& info, int64_t history_steps = 4) : n_(info.shape.n) {
    Graph graph;
    const ValueId step = graph.state("step", step_number()),
                  stopped_at = graph.state("stopped_at", stopped_at_rows(n_));
    const ValueId value = graph.state("value", {{n_, 1, 1, 1}, Layout::channels_last, DType::f32});
    append_record(graph, value, step, graph.state("history", value_history(history_steps, n_)), stopped_at);
    const ParameterUpdate update{graph.state("x", info), graph.state("gradient", info), stopped_at};
    append_ascent(graph, {OptimiserKind::adam, attributes, {}, 0}, {&update, 1}, step);
    append_advance(graph, step);
    program_ = std::make_unique<Program>(std::move(graph), std::vector<ValueId>{}, *backend_, states_);
  }

  void set(const std::string& state, const std::vector<double>& numbers) { states_.write(state, to_floats(numbers)); }
  // One step up along `gradient`.
  void step(const std::vector<double>& gradient) {
    set("gradient", gradient);
    program_->run();
  }
  [[nodiscard]] std::vector<float> state(const std::string& name) const { return states_.read<float>(name); }
  [[nodiscard]] int64_t steps_taken() const { return states_.read<int64_t>("step")[0]; }
  [[nodiscard]] std::vector<int64_t> stopped_at() const { return states_.read<int64_t>("stopped_at"); }

 private:
  int64_t n_;
  std::unique_ptr<Backend> backend_ = make_cpu_backend(2);
  States states_{*backend_};
  std::unique_ptr<Program> program_;
};

std::vector<double> negated(std::vector<double> numbers) {
  for (double& number : numbers) number = -number;
  return numbers;
}

// The table descends, we ascend: its gradients are negated, and so are its first moments. Tolerance of the parameter from the
// table; a moment is a sum of at most five rounded products: 8 roundings of the sum of their magnitudes.
TEST(Adam, EqualsTheGoldenTable) {
  const nlohmann::json table = golden_table("adam");
  ASSERT_EQ(table.at("runs").size(), 6U);
  for (const nlohmann::json& golden : table.at("runs")) {
    const std::string form = golden.at("form");
    AdamAttributes attributes{golden.at("lr"), golden.at("beta1"), golden.at("beta2"), golden.at("epsilon"),
                              form == "torch" ? AdamEpsilon::torch : AdamEpsilon::tf1};
    AdamRun run(attributes, {{1, 1, 1, 3}, Layout::planar, DType::f32});
    run.set("x", table.at("initial").get<std::vector<double>>());
    std::vector<double> added(3);  // the first moment of the gradients' magnitudes
    for (size_t t = 0; t < 5; ++t) {
      const nlohmann::json& expected = golden.at("steps").at(t);
      const auto gradient = table.at("gradients").at(t).get<std::vector<double>>();
      run.step(negated(gradient));
      const std::vector<float> x = run.state("x"), m = run.state("x/m"), v = run.state("x/v");
      for (size_t i = 0; i < 3; ++i) {
        const double of_x = expected.at("x")[i], of_m = expected.at("m")[i], of_v = expected.at("v")[i];
        added[i] = attributes.beta1 * added[i] + (1 - attributes.beta1) * std::abs(gradient[i]);
        EXPECT_TRUE(std::abs(x[i] - of_x) <= 1e-6 * std::max(std::abs(of_x), attributes.learning_rate))
            << form << " x" << t << i;
        EXPECT_TRUE(std::abs(-m[i] - of_m) <= 8 * 0x1p-24 * added[i]) << form << " m" << t << i;
        EXPECT_TRUE(std::abs(v[i] - of_v) <= 8 * 0x1p-24 * of_v) << form << " v" << t << i;
      }
    }
    EXPECT_EQ(run.steps_taken(), 5);
  }
}

// Eight steps on the stored gradients of a whole optimisation: 1e-6 of the largest coefficient.
TEST(Adam, FollowsTheGoldenTrajectory) {
  PHOSPHENE_ASSET(path, "reference/golden/trajectory.safetensors");
  const std::map<std::string, Array> golden = read_golden_tensors(path);
  const auto part = [&golden](const std::string& name, size_t step) {
    const std::vector<double>& all = golden.at(name).data;
    const auto size = static_cast<ptrdiff_t>(3 * 96 * 49), at = static_cast<ptrdiff_t>(step) * size;
    return std::vector<double>(all.begin() + at, all.begin() + at + size);
  };
  for (const std::string side : {"re", "im"}) {
    AdamRun run({}, {{1, 3, 96, 49}, Layout::planar, DType::f32});
    run.set("x", part("plain/" + side, 0));
    for (size_t t = 0; t < 8; ++t) {
      run.step(negated(part("plain/grad_" + side, t)));
      EXPECT_TRUE(near_largest(run.state("x"), part("plain/" + side, t + 1), 1e-6)) << side << t;
    }
  }
}

TEST(ObjectiveHistory, KeepsTheHistoryAndFreezesWhatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  AdamRun run({}, {{3, 1, 2, 5}, Layout::planar, DType::f32}, 3);
  const std::vector<double> gradient = random_numbers(30, 1);
  run.set("x", random_numbers(30, 2));
  run.set("value", {1, 2, 3});
  run.step(gradient);
  const std::vector<float> before = run.state("x"), before_m = run.state("x/m");
  run.set("value", {4, nan, 5});
  run.step(gradient);
  run.set("value", {6, 7, -infinity});
  run.step(gradient);
  run.set("value", {8, 9, 10});  // a step more than the history has: not kept
  run.step(gradient);
  EXPECT_EQ(run.steps_taken(), 4);
  EXPECT_EQ(run.stopped_at(), (std::vector<int64_t>{0, 2, 3}));

  const std::vector<float> history = run.state("history"), after = run.state("x"), after_m = run.state("x/m");
  const std::vector<float> expected = {1, 2, 3, 4, NAN, 5, 6, 7, static_cast<float>(-infinity)};
  for (size_t i = 0; i < 9; ++i) EXPECT_TRUE(history[i] == expected[i] || (i == 4 && std::isnan(history[i]))) << i;
  const auto image = [](const std::vector<float>& all, ptrdiff_t n) {
    return std::vector<float>(all.begin() + 10 * n, all.begin() + 10 * (n + 1));
  };
  EXPECT_FALSE(same_bits(image(after, 0), image(before, 0)));
  EXPECT_TRUE(same_bits(image(after, 1), image(before, 1)));  // frozen since step 2
  EXPECT_TRUE(same_bits(image(after_m, 1), image(before_m, 1)));
  EXPECT_FALSE(same_bits(image(after, 2), image(before, 2)));
}

// All the work on this thread.
struct SerialLauncher {
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    const auto serial = [](int64_t all, int64_t /*elements_each*/, const auto& f) { f(int64_t{0}, all); };
    launch_rows(serial, count, elements, body);
  }
};

// The whitening that moved into Adam (or NAdam) gives the bits of the whitening before it.
void expect_whitening_inside(bool nesterov) {
  constexpr int64_t kN = 2, kC = 3, kH = 5, kK = 11, kCount = kN * kC * 2 * kH * kK;
  const std::vector<float> gradient = to_floats(random_numbers(kCount, 1)),
                           scale = to_floats(random_numbers(kH * kK, 2, 0.1, 3));
  std::vector<float> factors = {0.05F, 1.5F, 0.02F}, start = to_floats(random_numbers(kCount, 3)),
                     whitened(gradient.size());
  std::vector<int64_t> stopped_at(kN);
  const auto bytes = [](const auto& numbers) {
    return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(numbers.data()));
  };
  struct Result {
    std::vector<float> x, m, v;
  };
  const auto made = [&] { return Result{start, std::vector<float>(kCount, 0.25F), std::vector<float>(kCount, 0.5F)}; };

  AdamProblem problem{.n = kN,
                      .rows_per_image = kC * 2 * kH,
                      .row_elements = kK,
                      .beta1 = 0.9,
                      .beta2 = 0.999,
                      .epsilon = 1e-8,
                      .nesterov = nesterov};
  Result apart = made();
  const std::vector<std::byte*> of_whiten = {bytes(gradient), bytes(scale), bytes(whitened)};
  launch(SerialLauncher{}, WhitenProblem{{kN, kC, 2 * kH, kK}}, Operands{of_whiten});
  const std::vector<std::byte*> of_adam = {bytes(whitened), bytes(factors), bytes(stopped_at),
                                           bytes(apart.x),  bytes(apart.m), bytes(apart.v)};
  launch(SerialLauncher{}, problem, Operands{of_adam});

  Result fused = made();
  problem.whitened = true;
  problem.scale_rows = kH;
  const std::vector<std::byte*> of_fused = {bytes(gradient), bytes(factors), bytes(stopped_at), bytes(scale),
                                            bytes(fused.x),  bytes(fused.m), bytes(fused.v)};
  launch(SerialLauncher{}, problem, Operands{of_fused});
  EXPECT_TRUE(same_bits(fused.x, apart.x));
  EXPECT_TRUE(same_bits(fused.m, apart.m));
  EXPECT_TRUE(same_bits(fused.v, apart.v));
}

TEST(Adam, WhitensLikeTheOpItReplaces) {
  expect_whitening_inside(false);
  expect_whitening_inside(true);
}

}  // namespace
}  // namespace phosphene::optimiser_test
