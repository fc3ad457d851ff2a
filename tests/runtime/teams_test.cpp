// Backends of one device that run programs beside each other, on threads of their own: the same bytes as one that runs them one after
// the other, and one copy of the weights.
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include "layers/image/fourier_image.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/linear.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/optimiser/ascent.h"
#include "layers/optimiser/update.h"
#include "layers/transform/transform_list.h"
#include "runtime/cpu/autotune.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/dry_run_backend.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "runtime/program.h"
#include "tests/support/given_gradient.h"
#include "tests/support/op_harness.h"

namespace phosphene::teams_test {
namespace {

constexpr WindowAttributes square(int64_t r, int64_t stride, int64_t pad) {
  return {.r = r,
          .s = r,
          .stride_h = stride,
          .stride_w = stride,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad};
}

Weights weights_of(std::vector<int64_t> shape, unsigned seed) {
  Weights sized{nullptr, nullptr, shape};
  const std::vector<double> numbers = testing::random_numbers(sized.elements(), seed, -0.25, 0.25);
  return Weights::from({numbers.begin(), numbers.end()}, std::move(shape));
}

// GoogLeNet's beginning in small: one layer of each kind. Without convolutions where oneDNN is missing.
class Network {
 public:
  Network(bool convolutions, unsigned seed) {
    if (!convolutions) {
      linear_ = std::make_shared<Linear>(weights_of({20, 3, 12, 12}, seed), weights_of({20}, seed + 1));
      return;
    }
    const auto layer = [&seed](int64_t k, int64_t c, int64_t r, int64_t stride) {
      seed += 2;
      return std::make_shared<Convolution>(square(r, stride, r / 2), 1, weights_of({k, c, r, r}, seed),
                                           weights_of({k}, seed + 1));
    };
    first_ = layer(32, 3, 7, 2);
    narrow_ = layer(16, 32, 1, 1);
    wide_ = layer(40, 16, 3, 1);
    beside_ = layer(24, 32, 1, 1);
    each_ = std::make_shared<Convolution>(square(3, 1, 1), 64, weights_of({64, 1, 3, 3}, seed + 7), Weights{});
    linear_ = std::make_shared<Linear>(weights_of({20, 64, 6, 6}, seed + 8), weights_of({20}, seed + 9));
  }

  [[nodiscard]] bool convolutions() const { return first_ != nullptr; }
  [[nodiscard]] ValueId append(Graph& graph, ValueId x) const {
    const auto relu = [&graph](ValueId src, const char* name) {
      return graph.append(std::make_shared<Relu>(), {src}, name);
    };
    const auto pool = std::make_shared<Pooling>(PoolingKind::max, square(3, 2, 1), PoolingDivisor::padded, false);
    const auto lrn = std::make_shared<Lrn>(2, 1e-4F, 0.75F, 1.F);
    if (!convolutions()) {
      const ValueId norm = graph.append(lrn, {graph.append(pool, {x}, "pool")}, "norm");
      return graph.append(linear_, {relu(norm, "relu")}, "linear");
    }
    const ValueId first = relu(graph.append(first_, {x}, "first"), "first relu");
    const ValueId norm = graph.append(lrn, {graph.append(pool, {first}, "pool")}, "norm");
    const ValueId narrow = relu(graph.append(narrow_, {norm}, "narrow"), "narrow relu");
    const ValueId wide = relu(graph.append(wide_, {narrow}, "wide"), "wide relu");
    const ValueId beside = relu(graph.append(beside_, {norm}, "beside"), "beside relu");
    const ValueId both = graph.append(std::make_shared<Concat>(), {wide, beside}, "both");
    return graph.append(linear_, {graph.append(each_, {both}, "each")}, "linear");
  }

 private:
  std::shared_ptr<const Convolution> first_, narrow_, wide_, beside_, each_;
  std::shared_ptr<const Linear> linear_;
};

using Bytes = std::map<std::string, std::vector<std::byte>>;

// Ascent of a picture, and of a spectrum where there is oneDNN, along the gradients of the network's outputs and of the picture.
class Ascent {
 public:
  Ascent(const Network& network, Backend& backend, unsigned seed) : states_(backend) {
    Graph graph;
    const TensorInfo picture{{2, 3, 24, 24}, Layout::channels_last, DType::f32};
    std::vector<ValueId> parameters = {graph.state("picture", picture)};
    outputs_ = network.append(graph, parameters[0]);
    give_gradient(graph, outputs_, "of outputs");
    if (network.convolutions()) {
      const FourierParameterization fourier{.n = 2, .c = 3, .h = 24, .w = 22};
      parameters.push_back(graph.state("spectrum", fourier.spectrum()));
      give_gradient(graph, append_fourier_image(graph, fourier, parameters[1]), "of image");
    }
    const ValueId step = graph.state("step", step_number()), stopped_at = graph.state("stopped", stopped_at_rows(2));
    const std::vector<ValueId> gradients = differentiate(graph, parameters);
    std::vector<ParameterUpdate> updates;
    for (size_t i = 0; i < parameters.size(); ++i) updates.push_back({parameters[i], gradients[i], stopped_at});
    append_ascent(graph, {}, updates, step);
    program_.emplace(std::move(graph), std::vector<ValueId>{outputs_}, backend, states_);
    for (const char* name : {"picture", "spectrum", "of outputs", "of image"}) {
      if (!states_.contains(name)) continue;
      const std::vector<double> numbers = testing::random_numbers(states_.info(name).shape.elements(), seed++);
      states_.write(name, std::vector<float>(numbers.begin(), numbers.end()));
    }
  }

  [[nodiscard]] Bytes run(int steps = 4) {
    for (int i = 0; i < steps; ++i) program_->run();
    Bytes all;
    for (const std::string& name : states_.names()) all[name] = states_.read<std::byte>(name);
    all["outputs"] = program_->read_bytes(outputs_);
    return all;
  }
  [[nodiscard]] const Program& program() const { return *program_; }

 private:
  static void give_gradient(Graph& graph, ValueId value, const std::string& name) {
    const ValueId cotangent = graph.state(name, graph.info(value));
    graph.append(std::make_shared<testing::GivenGradient>(cotangent), {value}, "objective " + name);
  }

  States states_;
  ValueId outputs_ = kNoValue;
  std::optional<Program> program_;
};

// Calls f(i) on a thread for each i; what one throws is thrown again.
void beside_each_other(size_t count, const std::function<void(size_t)>& f) {
  std::vector<std::exception_ptr> thrown(count);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      try {
        f(i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& one : thrown)
    if (one) std::rethrow_exception(one);
}

// Programs of two or three teams of one thread and of the whole backend, planned and run at once, several times.
void expect_the_bytes_of_one_backend(const Network& network) {
  std::vector<Bytes> expected;
  for (unsigned seed = 0; seed < 4; ++seed) {
    expected.push_back(Ascent(network, *make_cpu_backend(1), 100 * seed).run());
    ASSERT_TRUE(expected.back() == Ascent(network, *make_cpu_backend(2), 100 * seed).run());
    ASSERT_TRUE(seed == 0 || expected.back() != expected.front());  // it is not one result that all have
  }
  for (const size_t teams : {2, 3}) {
    std::vector<std::unique_ptr<Backend>> backends;
    backends.push_back(make_cpu_backend(2));
    while (backends.size() <= teams) backends.push_back(backends.front()->team(1));
    std::vector<int> equal(backends.size(), 0);
    constexpr int kRounds = 3;
    beside_each_other(backends.size(), [&](size_t i) {
      for (int round = 0; round < kRounds; ++round)
        equal[i] += Ascent(network, *backends[i], 100 * static_cast<unsigned>(i)).run() == expected[i] ? 1 : 0;
    });
    EXPECT_EQ(equal, std::vector<int>(backends.size(), kRounds));
  }
}

TEST(Teams, ComputeTheBytesOfOneBackend) { expect_the_bytes_of_one_backend(Network(true, 1)); }
TEST(Teams, ComputeTheBytesOfOneBackendWithoutConvolutions) { expect_the_bytes_of_one_backend(Network(false, 1)); }

// The number of threads that libraries go by belongs to a thread of the host: planned here and run there, it is still the team's.
void expect_the_same_bytes_on_another_thread(const Network& network) {
  const Bytes expected = Ascent(network, *make_cpu_backend(1), 5).run();
  for (const int threads : {1, 2, 3}) {
    SCOPED_TRACE(threads);
    const std::unique_ptr<Backend> backend = make_cpu_backend(3)->team(threads), other = make_cpu_backend(2);
    Ascent here(network, *backend, 5), beside(network, *other, 5);
    EXPECT_TRUE(here.run(2) != expected);
    EXPECT_TRUE(beside.run() == expected);  // another number was claimed on this thread meanwhile
    Bytes there;
    beside_each_other(1, [&](size_t) { there = here.run(2); });
    EXPECT_TRUE(there == expected);
  }
}
TEST(Teams, MayRunWhatWasPlannedOnAnotherThread) { expect_the_same_bytes_on_another_thread(Network(true, 1)); }
TEST(Teams, MayRunWhatWasPlannedOnAnotherThreadWithoutConvolutions) {
  expect_the_same_bytes_on_another_thread(Network(false, 1));
}

int64_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

// OpenMP keeps the threads of a team for the thread of the host that asked for them, for as long as this lives: libraries that planned or
// ran with another number would leave some behind.
TEST(Teams, TakeNoThreadsButTheirOwn) {
  const Network network(true, 1);
  const std::unique_ptr<Backend> whole = make_cpu_backend(3), one = whole->team(1);
  Ascent here(network, *one, 1);
  Ascent other(network, *whole, 1);  // claims three on this thread
  int64_t planned_there = -1, planned_here = -1;
  beside_each_other(1, [&](size_t) {
    const int64_t before = threads_of_this_process();
    static_cast<void>(Ascent(network, *one, 1).run());
    planned_there = threads_of_this_process() - before;
  });
  beside_each_other(1, [&](size_t) {
    const int64_t before = threads_of_this_process();
    static_cast<void>(here.run());
    planned_here = threads_of_this_process() - before;
  });
  EXPECT_LE(planned_there, 0);  // less, where an earlier thread of this process had not quite gone
  EXPECT_LE(planned_here, 0);
}

void expect_one_copy_of_the_weights(const Network& network) {
  const std::unique_ptr<Backend> whole = make_cpu_backend(2);
  const Ascent first(network, *whole, 1), second(network, *whole, 2);
  const int64_t packed = second.program().shared_bytes(), tables = second.program().constant_bytes();
  // Of a depthwise convolution that our own kernel computes there and back, both directions read one copy; which directions it
  // does depends on what oneDNN has for this CPU.
  const auto& steps = first.program().steps();
  const auto ours = std::count_if(steps.begin(), steps.end(),
                                  [](const Program::Step& step) { return step.implementation == "depthwise"; });
  EXPECT_LE(ours, 2);
  EXPECT_EQ(first.program().shared_bytes(), ours == 2 ? 64 * 9 * int64_t{sizeof(float)} : 0);
  EXPECT_EQ(first.program().constant_bytes() + first.program().shared_bytes(), packed + tables);
  EXPECT_GE(packed, 2 * 20 * 3 * 12 * 12 * int64_t{sizeof(float)});  // the linear layer's, there and back
  for (const Program::Step& step : second.program().steps()) {
    if (step.kind.find("convolution") == std::string::npos && step.kind.find("linear") == std::string::npos) continue;
    EXPECT_EQ(step.constant_bytes, 0) << step.layer << ", " << step.kind;
    EXPECT_GT(step.shared_bytes, 0) << step.layer << ", " << step.kind;
  }
  std::vector<int64_t> shared(3), own(3);
  std::vector<std::unique_ptr<Backend>> teams;
  for (size_t i = 0; i < shared.size(); ++i) teams.push_back(whole->team(1));
  beside_each_other(teams.size(), [&](size_t i) {
    const Ascent beside(network, *teams[i], 3);
    shared[i] = beside.program().shared_bytes();
    own[i] = beside.program().constant_bytes();
  });
  EXPECT_EQ(shared, std::vector<int64_t>(3, packed));
  EXPECT_EQ(own, std::vector<int64_t>(3, tables));
}
TEST(Teams, HoldOneCopyOfTheWeights) { expect_one_copy_of_the_weights(Network(true, 1)); }
TEST(Teams, HoldOneCopyOfTheWeightsWithoutConvolutions) { expect_one_copy_of_the_weights(Network(false, 1)); }

// Whoever comes first packs: all together they do once.
void expect_weights_are_packed_once_at_once(const Network& network) {
  const Ascent alone(network, *make_cpu_backend(1), 1);
  const std::unique_ptr<Backend> whole = make_cpu_backend(1);
  std::vector<std::unique_ptr<Backend>> teams;
  for (int i = 0; i < 3; ++i) teams.push_back(whole->team(1));
  std::vector<std::unique_ptr<Ascent>> ascents(teams.size());
  beside_each_other(teams.size(), [&](size_t i) { ascents[i] = std::make_unique<Ascent>(network, *teams[i], 3); });
  const Ascent later(network, *whole, 1);
  const int64_t tables = later.program().constant_bytes();
  int64_t shared = 0, own = 0;
  for (const auto& ascent : ascents) {
    shared += ascent->program().shared_bytes();
    own += ascent->program().constant_bytes();
  }
  EXPECT_EQ(own, alone.program().constant_bytes() + 2 * tables);
  EXPECT_EQ(shared, alone.program().shared_bytes() + 2 * later.program().shared_bytes());
}
TEST(Teams, PackWeightsOnceAtOnce) { expect_weights_are_packed_once_at_once(Network(true, 1)); }
TEST(Teams, PackWeightsOnceAtOnceWithoutConvolutions) { expect_weights_are_packed_once_at_once(Network(false, 1)); }

// Networks that follow each other, as their memory does.
TEST(Teams, DoNotMixNetworksThatComeAndGo) {
  const std::unique_ptr<Backend> whole = make_cpu_backend(1);
  Bytes before;
  for (unsigned seed = 0; seed < 4; ++seed) {
    const Network network(true, 100 * seed);
    const Bytes bytes = Ascent(network, *whole, 1).run();
    EXPECT_TRUE(bytes == Ascent(network, *make_cpu_backend(1), 1).run());
    EXPECT_TRUE(bytes != before);
    before = bytes;
  }
}

std::vector<float> forward(Backend& backend, const std::shared_ptr<const Convolution>& convolution) {
  Graph graph;
  const ValueId x = graph.state("x", {{1, 16, 9, 9}, Layout::channels_last, DType::f32});
  const ValueId y = graph.append(convolution, {x}, "y");
  States states(backend);
  Program program(graph, {y}, backend, states);
  const std::vector<double> numbers = testing::random_numbers(16 * 81, 1);
  states.write("x", std::vector<float>(numbers.begin(), numbers.end()));
  program.run();
  return program.read(y);
}

// A sweep plans one block of channels after another, the whole layer between them.
TEST(Teams, DoNotTakeABlockForItsLayer) {
  const auto layer =
      std::make_shared<Convolution>(square(3, 1, 1), 1, weights_of({64, 16, 3, 3}, 1), weights_of({64}, 2));
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  std::vector<std::shared_ptr<const Convolution>> parts = {layer};
  for (int64_t first = 0; first < 64; first += 16) parts.push_back(layer->outputs(first, 16));
  for (int round = 0; round < 2; ++round)
    for (const auto& part : parts) EXPECT_EQ(forward(*backend, part), forward(*make_cpu_backend(1), part));
}

ConvolutionProblem autotuned_problem() {
  return {{1, 32, 14, 14},
          {1, 48, 14, 14},
          {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1},
          1,
          true,
          weights_of({48, 32, 3, 3}, 1),
          weights_of({48}, 2)};
}

// One choice for all, whichever team makes it, and with it one record.
TEST(Teams, ShareTheirChoices) {
  for (int round = 0; round < 4; ++round) {
    const auto autotune = std::make_shared<Autotune>(ImplementationChoices{}, "");
    const std::unique_ptr<Backend> whole = make_cpu_backend(2, autotune);
    std::vector<std::unique_ptr<Backend>> teams;
    for (int i = 0; i < 3; ++i) teams.push_back(whole->team(1));
    std::vector<std::string> implementations(teams.size());
    beside_each_other(teams.size(), [&](size_t i) {
      implementations[i] = teams[i]->plan(autotuned_problem(), "test").implementation;
    });
    for (const std::string& one : implementations) EXPECT_EQ(one, implementations[0]);
    EXPECT_EQ(whole->plan(autotuned_problem(), "test").implementation, implementations[0]);
    EXPECT_EQ(whole->implementation_choices().size(), 1U);
    EXPECT_EQ(whole->implementation_choices(), teams[2]->implementation_choices());
  }
}

// As planning does, without anything to measure.
TEST(Teams, ChooseOnceWhoeverMeasures) {
  Autotune autotune({}, "");
  const std::vector<std::string> ways = {"0", "1", "2"};
  std::vector<std::vector<std::string>> taken(ways.size());
  beside_each_other(ways.size(), [&](size_t i) {
    for (int problem = 0; problem < 100; ++problem) {
      const std::string name = std::to_string(problem);
      std::string way = autotune.known(name, ways);
      if (way.empty()) {
        const std::unique_lock<std::mutex> measuring = autotune.measure();
        way = autotune.known(name, ways);
        if (way.empty()) autotune.choose(name, way = ways[i]);
      }
      taken[i].push_back(way);
      EXPECT_EQ(autotune.used().at(name), way);
    }
  });
  EXPECT_EQ(taken[1], taken[0]);
  EXPECT_EQ(taken[2], taken[0]);
}

TEST(Teams, HaveTheirOwnNumberOfThreads) {
  const std::unique_ptr<Backend> whole = make_cpu_backend(2);
  EXPECT_NE(whole->team(1)->description().find(", 1 thread"), std::string::npos);
  EXPECT_NE(whole->team(1)->team(3)->description().find(", 3 threads"), std::string::npos);
  EXPECT_THROW(static_cast<void>(whole->team(-1)), Error);
}

TEST(Teams, AreRefusedByADeviceThatRunsOneProgramAtATime) {
  try {
    static_cast<void>(make_dry_run_backend()->team(1));
    FAIL() << "a team of a GPU on paper";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a GPU on paper: runs one program at a time, so it takes one worker");
    EXPECT_EQ(error.blame(), Blame::user);
  }
}

}  // namespace
}  // namespace phosphene::teams_test
