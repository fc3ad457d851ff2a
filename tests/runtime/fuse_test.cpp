#include "runtime/fuse.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "layers/network/activation.h"
#include "layers/network/concat.h"
#include "layers/network/convolution.h"
#include "layers/network/lrn.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/differentiate.h"
#include "runtime/problems/network.h"
#include "runtime/program.h"
#include "tests/runtime/small_graphs.h"
#include "tests/support/given_gradient.h"
#include "tests/support/op_harness.h"

namespace phosphene {
namespace {

std::shared_ptr<const Op> convolution_1x1(int64_t k, int64_t c) {
  return std::make_shared<Convolution>(WindowAttributes{}, 1, ramp(k * c, {k, c, 1, 1}), Weights{});
}

template <class Wanted>
int64_t count(const std::vector<Instruction>& list) {
  return std::count_if(list.begin(), list.end(),
                       [](const Instruction& i) { return std::holds_alternative<Wanted>(i.problem); });
}

AllowedEpilogues always(GradientEpilogues epilogues) {
  return [epilogues](DType) { return epilogues; };
}

struct Inception {
  Graph graph;
  ValueId x, cotangent, left_pre, joined, gradient;

  // Two convolutions with ReLU, concatenated, read by two convolutions whose sum of values is the objective.
  Inception() {
    x = graph.state("x", pixels(8));
    cotangent = graph.state("c", pixels(16));
    left_pre = graph.append(convolution_1x1(8, 8), {x}, "left:pre");
    const ValueId left = graph.append(std::make_shared<Relu>(), {left_pre}, "left");
    const ValueId right =
        graph.append(std::make_shared<Relu>(), {graph.append(convolution_1x1(16, 8), {x}, "right:pre")}, "right");
    joined = graph.append(std::make_shared<Concat>(), {left, right}, "joined");
    for (const char* name : {"up", "down"}) {
      graph.append(std::make_shared<testing::GivenGradient>(cotangent),
                   {graph.append(convolution_1x1(16, 24), {joined}, name)}, "o");
    }
    const ValueId wrt[] = {x};
    gradient = differentiate(graph, wrt)[0];
  }

  [[nodiscard]] std::vector<Instruction> fused(std::vector<ValueId> keep) const {
    std::vector<Instruction> list = lower(graph);
    prune(list, keep);
    fuse(list, graph, keep, always({}));
    return list;
  }
};

TEST(Fuse, AJunctionOfGradientsIsReadOnceAndWrittenOnce) {
  const Inception net;
  const auto list = net.fused({net.gradient});
  EXPECT_EQ(count<ReluProblem>(list), 0);
  // Sum, two slices and two masks are two instructions; the third sums the gradients at x.
  EXPECT_EQ(count<AccumulateProblem>(list), 3);
}

TEST(Fuse, AValueReadBeforeItsReluVetoesTheFusion) {
  const Inception net;
  const auto list = net.fused({net.gradient, net.left_pre});
  EXPECT_EQ(count<ReluProblem>(list), 1);
}

// Of clips only one that starts at 0 is a ReLU.
TEST(Fuse, AConvolutionTakesUpAReluAndItsCeiling) {
  for (const auto& [low, high, taken] : {std::tuple{0.F, 6.F, true}, {0.F, 2.5F, true}, {-1.F, 1.F, false}}) {
    Graph graph;
    const ValueId x = graph.state("x", pixels(8));
    const ValueId y =
        graph.append(Activation::clip(low, high), {graph.append(convolution_1x1(16, 8), {x}, "y:pre")}, "y");
    std::vector<Instruction> list = lower(graph);
    const ValueId keep[] = {y};
    fuse(list, graph, keep, always({}));
    EXPECT_EQ(count<ActivationProblem>(list), taken ? 0 : 1);
    const auto& convolution = std::get<ConvolutionProblem>(list.front().problem);
    EXPECT_EQ(convolution.relu, taken);
    EXPECT_EQ(convolution.ceiling, taken ? high : ConvolutionProblem().ceiling);
  }
}

TEST(Fuse, PruningDropsWhatNothingReads) {
  const Inception net;
  std::vector<Instruction> list = lower(net.graph);
  prune(list, std::vector<ValueId>{net.left_pre});
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].layer, "left:pre");
}

TEST(Fuse, GradientsTakeUpSumsAndMasks) {
  const Inception net;
  std::vector<Instruction> list = lower(net.graph);
  const ValueId keep[] = {net.gradient};
  prune(list, keep);
  fuse(list, net.graph, keep, always({.sums = true, .sums_of_others = true, .masks = true}));
  // At x and at the concat, the gradient of one convolution adds the other's. The slices of the concat, under their masks, are no
  // whole sums and stay.
  EXPECT_EQ(count<AccumulateProblem>(list), 2);
  int adding = 0;
  for (const Instruction& instruction : list) {
    const auto* convolution = std::get_if<ConvolutionBackwardProblem>(&instruction.problem);
    if (convolution == nullptr) continue;
    EXPECT_EQ(instruction.src.size(), 1U + convolution->addend + convolution->masked);
    adding += convolution->addend;
  }
  EXPECT_EQ(adding, 2);
}

// cuDNN's engines take them up for bfloat16 and TF32 alone.
TEST(Fuse, WhatAGradientTakesUpDependsOnItsStorage) {
  for (const auto& [storage, tf32, taken] :
       {std::tuple{DType::f32, false, false}, {DType::f32, true, true}, {DType::bf16, false, true}}) {
    const Inception net;
    std::vector<Instruction> list = lower(net.graph);
    const ValueId keep[] = {net.gradient};
    prune(list, keep);
    for (Instruction& instruction : list)
      if (auto* gradient = std::get_if<ConvolutionBackwardProblem>(&instruction.problem)) gradient->storage = storage;
    fuse(list, net.graph, keep, [tf32 = tf32](DType of) { return cudnn_epilogues(of, tf32); });
    // Sum, two slices and two masks are two accumulations; the third sums the gradients at x.
    EXPECT_EQ(count<AccumulateProblem>(list), taken ? 2 : 3);
    EXPECT_EQ(std::any_of(list.begin(), list.end(),
                          [](const Instruction& instruction) {
                            const auto* gradient = std::get_if<ConvolutionBackwardProblem>(&instruction.problem);
                            return gradient != nullptr && gradient->addend;
                          }),
              taken);
  }
}

TEST(Fuse, SumsAloneLeaveMasksToAccumulations) {
  const Inception net;
  std::vector<Instruction> list = lower(net.graph);
  const ValueId keep[] = {net.gradient};
  prune(list, keep);
  fuse(list, net.graph, keep, always({.sums = true}));
  // The slices of the concat's gradient, which is one value now, stay under their masks.
  EXPECT_EQ(count<AccumulateProblem>(list), 2);
  EXPECT_TRUE(std::none_of(list.begin(), list.end(), [](const Instruction& instruction) {
    const auto* gradient = std::get_if<ConvolutionBackwardProblem>(&instruction.problem);
    const auto* sum = std::get_if<AccumulateProblem>(&instruction.problem);
    return (gradient != nullptr && gradient->masked) || (sum != nullptr && sum->sources > 1);
  }));
}

TEST(Fuse, OnlyGradientsThatAreConvolutionsAddForSomeBackends) {
  ConvolutionBackwardProblem problem;
  problem.window = {.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  EXPECT_EQ(refuse_rotation(problem), "");
  problem.window.stride_w = 2;
  EXPECT_EQ(refuse_rotation(problem), "the stride is not 1");
  problem.window = {.pad_top = 1};
  EXPECT_EQ(refuse_rotation(problem), "the padding is as wide as the window");
  problem.window = {};
  problem.groups = 2;
  EXPECT_EQ(refuse_rotation(problem), "there are groups");
}

// x -> a (ReLU) -> three convolutions: their gradients meet under a's mask.
TEST(Fuse, AMaskMovesIntoTheLastOfThreeGradients) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(8)), cotangent = graph.state("c", pixels(8));
  const ValueId a = graph.append(std::make_shared<Relu>(), {graph.append(convolution_1x1(8, 8), {x}, "a:pre")}, "a");
  for (const char* name : {"b", "c", "d"}) {
    graph.append(std::make_shared<testing::GivenGradient>(cotangent), {graph.append(convolution_1x1(8, 8), {a}, name)},
                 "o");
  }
  const ValueId wrt[] = {x};
  const ValueId keep[] = {differentiate(graph, wrt)[0]};
  std::vector<Instruction> list = lower(graph);
  prune(list, keep);
  fuse(list, graph, keep, always({.sums = true, .sums_of_others = true, .masks = true}));
  EXPECT_EQ(count<AccumulateProblem>(list), 0);
  std::vector<std::pair<bool, bool>> epilogues;
  for (const Instruction& instruction : list) {
    if (const auto* c = std::get_if<ConvolutionBackwardProblem>(&instruction.problem))
      epilogues.emplace_back(c->addend, c->masked);
  }
  EXPECT_EQ(epilogues,
            (std::vector<std::pair<bool, bool>>{{false, false}, {true, false}, {true, true}, {false, false}}));
}

// Sums of small integers, so that their order does not matter.
TEST(Fuse, ChangesNoBit) {
  const Inception net;
  const auto backend = make_cpu_backend(1);
  std::vector<std::vector<float>> results;
  for (const bool fused : {false, true}) {
    States states(*backend);
    ProgramOptions options;
    options.fused = fused;
    Program program(net.graph, {net.gradient, net.joined}, *backend, states, options);
    std::vector<float> x(8 * 6), c(16 * 6);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(static_cast<int>(i * 5 % 11) - 5);
    for (size_t i = 0; i < c.size(); ++i) c[i] = static_cast<float>(static_cast<int>(i * 3 % 7) - 3);
    states.write("x", x);
    states.write("c", c);
    program.run();
    results.push_back(program.read(net.gradient));
    EXPECT_TRUE(std::any_of(results.back().begin(), results.back().end(), [](float g) { return g != 0; }));
  }
  EXPECT_EQ(results[0], results[1]);
}

// As above, with integers and a ceiling that some of them reach; one convolution is dense, the other depthwise.
TEST(Fuse, ACeilingChangesNoBit) {
  const auto backend = make_cpu_backend(1);
  const WindowAttributes same{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  Graph graph;
  const ValueId x = graph.state("x", pixels(16)), c = graph.state("c", pixels(16));
  const ValueId dense = graph.append(convolution_1x1(16, 16), {x}, "dense:pre");
  const ValueId capped = graph.append(Activation::relu6(), {dense}, "dense");
  const ValueId own = graph.append(std::make_shared<Convolution>(same, 16, ramp(16 * 9, {16, 1, 3, 3}), Weights{}),
                                   {capped}, "depthwise:pre");
  const ValueId y = graph.append(Activation::relu6(), {own}, "depthwise");
  graph.append(std::make_shared<testing::GivenGradient>(c), {y}, "o");
  const ValueId wrt[] = {x};
  const ValueId gradient = differentiate(graph, wrt)[0];
  std::vector<std::vector<float>> results;
  for (const bool fused : {false, true}) {
    States states(*backend);
    ProgramOptions options;
    options.fused = fused;
    Program program(graph, {gradient, y}, *backend, states, options);
    EXPECT_EQ(std::any_of(program.steps().begin(), program.steps().end(),
                          [](const Program::Step& step) { return step.kind == "clip"; }),
              !fused);
    std::vector<float> numbers(16 * 6), cotangent(16 * 6);
    for (size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<float>(static_cast<int>(i * 5 % 11) - 5);
      cotangent[i] = static_cast<float>(static_cast<int>(i * 3 % 7) - 3);
    }
    states.write("x", numbers);
    states.write("c", cotangent);
    program.run();
    results.push_back(program.read(y));
    EXPECT_TRUE(std::any_of(results.back().begin(), results.back().end(), [](float v) { return v == 6; }));
    results.push_back(program.read(gradient));
  }
  EXPECT_EQ(results[0], results[2]);
  EXPECT_EQ(results[1], results[3]);
}

// x -> a (ReLU), read by a pooling or a normalisation alone: its mask becomes part of their gradient, and no bit changes.
TEST(Fuse, AMaskMovesIntoTheGradientOfAPoolingOrANormalisation) {
  const WindowAttributes window{.r = 3, .s = 3, .stride_h = 2, .stride_w = 2};
  const std::vector<std::shared_ptr<const Op>> readers = {
      std::make_shared<Pooling>(PoolingKind::max, window, PoolingDivisor::padded, false),
      std::make_shared<Pooling>(PoolingKind::average, window, PoolingDivisor::padded, false),
      std::make_shared<Lrn>(2, 0.1F, 0.75F, 1.F)};
  const auto backend = make_cpu_backend(1);
  for (const auto& reader : readers) {
    Graph graph;
    const TensorInfo large{{2, 8, 7, 6}, Layout::channels_last, DType::f32};
    const ValueId x = graph.state("x", large);
    const ValueId a = graph.append(std::make_shared<Relu>(), {x}, "a");
    const ValueId y = graph.append_all(reader, {a}, "y")[0];
    const ValueId cotangent = graph.state("c", graph.info(y));
    graph.append(std::make_shared<testing::GivenGradient>(cotangent), {y}, "o");
    const ValueId wrt[] = {x};
    const ValueId gradient = differentiate(graph, wrt)[0];
    std::vector<std::vector<float>> results;
    for (const bool fused : {false, true}) {
      States states(*backend);
      ProgramOptions options;
      options.fused = fused;
      Program program(graph, {gradient}, *backend, states, options);
      EXPECT_EQ(std::any_of(program.steps().begin(), program.steps().end(),
                            [](const Program::Step& step) { return step.kind == "accumulate"; }),
                !fused);
      const std::vector<double> numbers = testing::random_numbers(large.shape.elements(), 1),
                                weights = testing::random_numbers(graph.shape(y).elements(), 2);
      states.write("x", std::vector<float>(numbers.begin(), numbers.end()));
      states.write("c", std::vector<float>(weights.begin(), weights.end()));
      program.run();
      results.push_back(program.read(gradient));
    }
    EXPECT_EQ(results[0], results[1]) << reader->kind();
    EXPECT_TRUE(std::any_of(results[0].begin(), results[0].end(), [](float g) { return g != 0; }));
  }
}

}  // namespace
}  // namespace phosphene
