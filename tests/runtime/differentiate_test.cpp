#include "runtime/differentiate.h"

#include <gtest/gtest.h>

#include "layers/network/add.h"
#include "layers/network/concat.h"
#include "layers/network/relu.h"
#include "runtime/accumulate.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"
#include "runtime/program.h"
#include "tests/runtime/small_graphs.h"
#include "tests/support/given_gradient.h"

namespace phosphene {
namespace {

// y = relu(x) + relu(x) + x with cotangent c: dx = 2 [x > 0] c + c.
TEST(Differentiate, SumsTheGradientsOfSeveralReaders) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(1, 1, 4));
  const ValueId cotangent = graph.state("c", pixels(1, 1, 4));
  const ValueId a = graph.append(std::make_shared<Relu>(), {x}, "a");
  const ValueId b = graph.append(std::make_shared<Relu>(), {x}, "b");
  const ValueId y = graph.append(std::make_shared<Add>(), {a, b, x}, "y");
  graph.append(std::make_shared<testing::GivenGradient>(cotangent), {y}, "objective");
  const ValueId wrt[] = {x};
  const ValueId gradient = differentiate(graph, wrt)[0];
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {gradient}, *backend, states);
  states.write("x", std::vector<float>{-1, 0, 2, 3});
  states.write("c", std::vector<float>{1, 10, 100, 1000});
  program.run();
  EXPECT_EQ(program.read(gradient), (std::vector<float>{1, 10, 300, 3000}));
}

TEST(Differentiate, JoinsMoreContributionsThanOneOpTakes) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(1, 1, 1));
  const ValueId cotangent = graph.state("c", pixels(1, 1, 1));
  constexpr int kReaders = 3 * kAccumulateSources + 2;
  for (int i = 0; i < kReaders; ++i)
    graph.append(std::make_shared<testing::GivenGradient>(cotangent), {x}, "objective");
  const ValueId wrt[] = {x};
  const ValueId gradient = differentiate(graph, wrt)[0];
  const auto backend = make_cpu_backend(1);
  States states(*backend);
  Program program(graph, {gradient}, *backend, states);
  states.write("c", std::vector<float>{2});
  program.run();
  EXPECT_EQ(program.read(gradient), std::vector<float>{2 * kReaders});
}

TEST(Differentiate, GivesNothingForAValueNoObjectiveReads) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(2));
  const ValueId unread = graph.state("unread", pixels(2));
  graph.append(std::make_shared<Relu>(), {unread}, "dangling");
  graph.append(std::make_shared<testing::GivenGradient>(x), {x}, "objective");
  const ValueId wrt[] = {unread};
  EXPECT_EQ(differentiate(graph, wrt)[0], kNoValue);
}

TEST(Differentiate, RefusesAGradientOfAnotherShape) {
  Graph graph;
  const ValueId x = graph.state("x", pixels(2));
  const ValueId wrong = graph.state("c", pixels(3));
  graph.append(std::make_shared<testing::GivenGradient>(wrong), {x}, "objective");
  const ValueId wrt[] = {x};
  EXPECT_THROW(differentiate(graph, wrt), Error);
}

}  // namespace
}  // namespace phosphene
