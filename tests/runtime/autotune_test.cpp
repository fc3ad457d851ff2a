// Convolutions chosen by measurement, and gradients of convolutions that add to what is there, on the CPU backend.
#include "runtime/cpu/autotune.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "tests/support/op_harness.h"

namespace phosphene {
namespace {

std::vector<float> numbers(int64_t count, unsigned seed) {
  const std::vector<double> random = testing::random_numbers(count, seed);
  return {random.begin(), random.end()};
}

// What the last operand holds after the problem was run on copies of `operands`. With `in_place` the last one is the memory of the one
// before it.
std::vector<float> run(Backend& backend, const Problem& problem, std::vector<std::vector<float>> operands,
                       bool in_place = false) {
  PlannedTask planned = backend.plan(problem, "test");
  std::vector<std::byte*> pointers;
  for (auto& operand : operands) pointers.push_back(reinterpret_cast<std::byte*>(operand.data()));
  if (in_place) pointers.push_back(pointers.back());
  const std::unique_ptr<Memory> workspace = backend.allocate(planned.workspace_bytes);
  planned.task->bind(pointers, workspace->data());
  planned.task->run();
  return operands.back();
}

double largest(const std::vector<float>& values) {
  double most = 0;
  for (const float value : values) most = std::max(most, std::abs(static_cast<double>(value)));
  return most;
}

void expect_near(const std::vector<float>& actual, const std::vector<float>& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  ASSERT_FALSE(actual.empty());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_TRUE(std::abs(static_cast<double>(actual[i]) - expected[i]) <= tolerance * largest(expected)) << i;
}

const Shape kSrc{2, 32, 14, 13}, kDst{2, 48, 14, 13};
const Window kWindow{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
const Weights kWeights = Weights::from(numbers(48 * 32 * 9, 1), {48, 32, 3, 3});
const Weights kBias = Weights::from(numbers(48, 2), {48});

// A sum of n rounded products is off by about sqrt(n) roundings of the root of its terms' squares, which is about the largest entry;
// 4 of those, n = 48 * 9.
constexpr double kDirect = 4 * 21 * 0x1p-24;
// Winograd's F(4 x 4, 3 x 3) (Lavin and Gray 2016) makes each number out of 6 x 6 products whose squares are, on each axis,
// sum over k of A_ik^2 |G_k|^2 |B_k|^2 times a weight's and a source's; a direct sum's are 3 times. With their matrices the root of the
// ratio is at most 5.6 on an axis, so roundings weigh up to 31.5 times as much.
constexpr double kWinograd = 31.5 * kDirect;

ConvolutionProblem convolution() { return {kSrc, kDst, kWindow, 1, true, kWeights, kBias}; }

// Every way that can be chosen gives the same numbers but for its roundings.
TEST(Autotune, EveryWayComputesTheSame) {
  const auto plain = make_cpu_backend(2);
  for (const Problem& problem :
       {Problem(convolution()), Problem(ConvolutionBackwardProblem{kSrc, kDst, kWindow, 1, kWeights})}) {
    const bool forward = std::holds_alternative<ConvolutionProblem>(problem);
    const std::vector<std::vector<float>> operands = {
        numbers((forward ? kSrc : kDst).elements(), 3),
        std::vector<float>(static_cast<size_t>((forward ? kDst : kSrc).elements()))};
    const std::vector<float> expected = run(*plain, problem, operands);
    const auto measuring = std::make_shared<Autotune>(ImplementationChoices{}, "");
    expect_near(run(*make_cpu_backend(2, measuring), problem, operands), expected, kWinograd);
    ASSERT_EQ(measuring->used().size(), 1U);
    const std::string key = measuring->used().begin()->first;
    int compared = 0;
    for (const std::string way : {"nhwc", "reordered", "rotated", "winograd", "rotated winograd"}) {
      SCOPED_TRACE(way);
      const auto backend = make_cpu_backend(2, std::make_shared<Autotune>(ImplementationChoices{{key, way}}, ""));
      std::string implementation;
      try {
        implementation = backend->plan(problem, "test").implementation;
      } catch (const Error& error) {  // the problem is of the other direction, or this CPU does not have it
        EXPECT_NE(std::string(error.what()).find("'" + way + "', which this machine cannot"), std::string::npos);
        continue;
      }
      EXPECT_NE(implementation.find(way), std::string::npos) << implementation;
      const bool winograd = way.find("winograd") != std::string::npos;
      expect_near(run(*backend, problem, operands), expected, winograd ? kWinograd : kDirect);
      ++compared;
    }
    EXPECT_GE(compared, 2);  // dense channels last and a layout of oneDNN's choice, everywhere
  }
}

// A way of that name is not known: damaged, or written by another version.
TEST(Autotune, WhatTheCacheSaysWronglyIsMeasuredAnew) {
  const auto first = std::make_shared<Autotune>(ImplementationChoices{}, "");
  make_cpu_backend(2, first)->plan(convolution(), "test");
  const std::string file = ::testing::TempDir() + "autotune_damaged.tsv";
  std::filesystem::remove(file);
  Autotune({}, file).choose(first->used().begin()->first, "by magic");
  const auto again = std::make_shared<Autotune>(ImplementationChoices{}, file);
  make_cpu_backend(2, again)->plan(convolution(), "test");
  ASSERT_EQ(again->used().size(), 1U);
  EXPECT_NE(again->used().begin()->second, "by magic");
  std::filesystem::remove(file);
}

TEST(Autotune, RemembersForThisMachineAndKeepsOthersLines) {
  const std::string folder = ::testing::TempDir() + "autotune_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string file = folder + "/convolutions.tsv";
  std::ofstream(file) << "another machine\ta problem\tnhwc\ndamaged line\n";
  const auto measuring = std::make_shared<Autotune>(ImplementationChoices{}, file);
  make_cpu_backend(2, measuring)->plan(convolution(), "test");
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_NE(text.str().find("another machine\ta problem\tnhwc\n"), std::string::npos);
  EXPECT_EQ(text.str().find("damaged"), std::string::npos);

  Autotune again({}, file);
  const ImplementationChoices used = measuring->used();
  const auto& [problem, way] = *used.begin();
  const std::vector<std::string> possible = {"another way", way};
  EXPECT_EQ(again.known(problem, possible), way);
  EXPECT_EQ(again.known("a problem", possible), "");
  Autotune fixed({{problem, "another way"}}, file);
  EXPECT_EQ(fixed.known(problem, possible), "another way");
  std::filesystem::remove_all(folder);
}

// grad_src = transpose(grad_dst) + addend, in place or not, of a problem whose sums of small integers are exact.
TEST(GradientWithAddend, AddsInPlaceOrFromElsewhere) {
  const auto backend = make_cpu_backend(2);
  for (const int64_t r : {int64_t{1}, int64_t{3}}) {
    const Window window{.r = r, .s = r, .pad_top = r / 2, .pad_left = r / 2, .pad_bottom = r / 2, .pad_right = r / 2};
    const std::vector<double> integers = testing::random_integers(48 * 32 * r * r, 5);
    ConvolutionBackwardProblem problem{kSrc, kDst, window, 1,
                                       Weights::from({integers.begin(), integers.end()}, {48, 32, r, r})};
    const auto whole = [](const Shape& shape, unsigned seed) {
      const std::vector<double> values = testing::random_integers(shape.elements(), seed);
      return std::vector<float>(values.begin(), values.end());
    };
    const std::vector<float> grad_dst = whole(kDst, 6), addend = whole(kSrc, 7);
    std::vector<float> expected = run(*backend, problem, {grad_dst, std::vector<float>(addend.size())});
    for (size_t i = 0; i < expected.size(); ++i) expected[i] += addend[i];
    problem.addend = true;
    EXPECT_EQ(run(*backend, problem, {grad_dst, addend}, true), expected);
    EXPECT_EQ(run(*backend, problem, {grad_dst, addend, std::vector<float>(addend.size(), -1.F)}), expected);
  }
}

}  // namespace
}  // namespace phosphene
