#include "runtime/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/relu.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "tests/runtime/small_graphs.h"

namespace phosphene {
namespace {

// A backend that lets a test put its own task where a ReLU would run.
class SabotagedBackend final : public Backend {
 public:
  using Sabotage = void (*)(std::byte* src, std::byte* dst);
  explicit SabotagedBackend(Sabotage sabotage) : real_(make_cpu_backend(1)), sabotage_(sabotage) {}

  [[nodiscard]] std::string description() const override { return "sabotaged"; }
  [[nodiscard]] std::unique_ptr<Memory> allocate(int64_t bytes) override { return real_->allocate(bytes); }
  [[nodiscard]] MemoryUse memory() const override { return real_->memory(); }
  void write(std::byte* dst, std::span<const std::byte> src) override { real_->write(dst, src); }
  void read(std::span<std::byte> dst, const std::byte* src) override { real_->read(dst, src); }
  [[nodiscard]] PlannedTask plan(const Problem& problem, const std::string& where) override {
    PlannedTask planned = real_->plan(problem, where);
    if (std::holds_alternative<ReluProblem>(problem)) planned.task = std::make_unique<BadTask>(sabotage_);
    return planned;
  }
  [[nodiscard]] Peaks measure_peaks(DType storage) override { return real_->measure_peaks(storage); }

 private:
  class BadTask final : public Task {
   public:
    explicit BadTask(Sabotage sabotage) : sabotage_(sabotage) {}
    void bind(std::span<std::byte* const> operands, std::byte* /*workspace*/) override {
      src_ = operands[0];
      dst_ = operands[1];
    }
    void run() override { sabotage_(src_, dst_); }

   private:
    Sabotage sabotage_;
    std::byte* src_ = nullptr;
    std::byte* dst_ = nullptr;
  };
  std::unique_ptr<Backend> real_;
  Sabotage sabotage_;
};

ProgramOptions checked() {
  ProgramOptions options;
  options.check_memory = true;
  return options;
}

TEST(Program, MemoryCheckCatchesAWriteBehindTheEnd) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(1, 1, 4));
  const ValueId y = graph.append(std::make_shared<Relu>(), {x}, "y");
  SabotagedBackend backend([](std::byte*, std::byte* dst) { dst[16] = std::byte{0}; });
  States states(backend);
  Program program(graph, {y}, backend, states, checked());
  EXPECT_THROW(program.run(), Error);
}

TEST(Program, MemoryCheckFillsTheDeadWithNan) {
  static std::byte* first_value = nullptr;
  Graph graph;
  const ValueId x = graph.state("x", pixels(1, 1, 4));
  const ValueId y = graph.append(std::make_shared<Relu>(), {x}, "y");
  const ValueId z = graph.append(std::make_shared<Relu>(), {y}, "z");
  SabotagedBackend backend([](std::byte* src, std::byte* dst) {
    if (first_value == nullptr) first_value = dst;
    std::copy(src, src + 16, dst);
  });
  States states(backend);
  Program program(graph, {z}, backend, states, checked());
  program.run();
  ASSERT_NE(first_value, nullptr);
  EXPECT_TRUE(std::isnan(*reinterpret_cast<float*>(first_value)));
  EXPECT_EQ(program.read(z), std::vector<float>(4, 0));
}

TEST(Program, ReadsBackInNchw) {
  Graph graph;
  const ValueId a = graph.state("a", pixels(2, 1, 2));
  const ValueId b = graph.state("b", pixels(1, 1, 2));
  const ValueId y = graph.append(std::make_shared<Concat>(), {a, b}, "y");
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {y}, *backend, states, checked());
  states.write("a", std::vector<float>{1, 2, 3, 4});
  states.write("b", std::vector<float>{5, 6});
  program.run();
  EXPECT_EQ(program.read(y), (std::vector<float>{1, 2, 5, 3, 4, 6}));
  EXPECT_EQ(program.read_nchw(y).data, (std::vector<float>{1, 3, 2, 4, 5, 6}));
  EXPECT_EQ(program.read_nchw(y).dims, (std::vector<int64_t>{1, 3, 1, 2}));
}

TEST(Program, TwoProgramsShareTheirStates) {
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  for (const float value : {3.F, 4.F}) {
    Graph graph;
    const ValueId x = graph.state("x", pixels(1, 1, 1));
    const ValueId y = graph.append(std::make_shared<Relu>(), {x}, "y");
    Program program(graph, {y}, *backend, states, checked());
    if (value == 3.F) states.write("x", std::vector<float>{3});
    program.run();
    EXPECT_EQ(program.read(y), std::vector<float>{3});
  }
}

TEST(Program, NamesTheFirstLayerThatIsNotFinite) {
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Graph graph;
  const ValueId x = graph.state("x", {{2, 1, 2, 3}});
  const ValueId y = graph.append(std::make_shared<Relu>(), {x}, "y");
  const ValueId z = graph.append(std::make_shared<Add>(), {y, y}, "z");
  Program program(graph, {z}, *backend, states);
  const float most = std::numeric_limits<float>::max();
  const auto fill = [&](float first, float second) {
    std::vector<float> numbers(static_cast<size_t>(graph.shape(x).elements()), 1);
    numbers.front() = first;
    numbers.back() = second;
    states.write("x", numbers);
  };
  fill(1, most);  // doubled, it is infinite
  EXPECT_EQ(program.first_not_finite(0), "");
  EXPECT_EQ(program.first_not_finite(1), "z");
  fill(std::numeric_limits<float>::infinity(), 1);
  EXPECT_EQ(program.first_not_finite(0), "y");
  EXPECT_EQ(program.first_not_finite(1), "");
  fill(1, 2);
  program.run();
  const std::unique_ptr<Transfer> transfer = program.start_read(z);
  EXPECT_TRUE(transfer->done());
  float last = 0;
  std::memcpy(&last, transfer->bytes().data() + transfer->bytes().size() - sizeof(float), sizeof(float));
  EXPECT_EQ(last, 4);
}

TEST(Program, RefusesToKeepWhatNothingWrites) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(1));
  const ValueId y = graph.append(std::make_shared<Relu>(), {x}, "y");
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {y}, *backend, states);
  EXPECT_THROW(states.write("x", std::vector<float>{1, 2}), Error);
  EXPECT_THROW(states.write("z", std::vector<float>{1}), Error);
}

}  // namespace
}  // namespace phosphene
