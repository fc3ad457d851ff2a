// Tile bodies on a team of real threads, one per lane as on a GPU: what a member may see of another's work goes through the team's
// calls or not at all. The thread sanitizer watches in its preset.
#include <gtest/gtest.h>

#include <barrier>
#include <random>
#include <thread>

#include "kernels/launch_cpu.h"
#include "runtime/launches/activation.h"
#include "runtime/launches/arithmetic.h"
#include "runtime/launches/network.h"
#include "runtime/launches/objective.h"
#include "runtime/problems/problem.h"
#include "tests/support/compare.h"
#include "tests/support/widths.h"

namespace phosphene {
namespace {

using testing::OnThisThread;
using testing::random_floats;

// kSumLanes threads that meet in sum() and maximum(). Before each meeting a thread may stand aside for a moment, by its seed.
class ThreadTeam {
 public:
  struct Shared {
    std::barrier<> barrier{kSumLanes};
    float lane[kSumLanes] = {};
  };
  ThreadTeam(Shared& shared, int rank, unsigned seed)
      : shared_(&shared), rank_(rank), random_(seed * 1000U + static_cast<unsigned>(rank)) {}

  template <class Term>
  float sum(int64_t count, const Term& term) const {
    float total = 0.F;
    for (int64_t i = rank_; i < count; i += kSumLanes) total += term(i);
    return meet(total, [](float* lane) {
      for (int width = kSumLanes / 2; width > 0; width /= 2)
        for (int l = 0; l < width; ++l) lane[l] += lane[l + width];
    });
  }
  template <class Term>
  float maximum(int64_t count, const Term& term) const {
    float largest = -__builtin_inff();
    for (int64_t i = rank_; i < count; i += kSumLanes) largest = term(i) > largest ? term(i) : largest;
    return meet(largest, [](float* lane) {
      for (int l = 1; l < kSumLanes; ++l) lane[0] = lane[l] > lane[0] ? lane[l] : lane[0];
    });
  }
  template <class Visit>
  void for_each(int64_t count, const Visit& visit) const {
    for (int64_t i = rank_; i < count; i += kSumLanes) visit(i);
  }
  template <class Action>
  void once(const Action& action) const {
    if (rank_ == 0) action();
  }

 private:
  template <class Combine>
  float meet(float mine, const Combine& combine) const {
    if (random_() % 4 == 0) std::this_thread::yield();
    shared_->lane[rank_] = mine;
    shared_->barrier.arrive_and_wait();
    if (rank_ == 0) combine(shared_->lane);
    shared_->barrier.arrive_and_wait();
    const float result = shared_->lane[0];
    shared_->barrier.arrive_and_wait();  // nobody writes before everybody has read
    return result;
  }

  Shared* shared_;
  int rank_;
  mutable std::minstd_rand random_;
};

struct Threaded {
  using OnlyStorage = float;
  unsigned seed;
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    launch_rows(OnThisThread{}, count, elements, body);
  }
  template <class Body>
  void tiles(int64_t count, int64_t /*elements*/, const Body& body) const {
    ThreadTeam::Shared shared;
    std::vector<std::thread> threads;
    for (int rank = 0; rank < kSumLanes; ++rank) {
      threads.emplace_back([&, rank] {
        const ThreadTeam team(shared, rank, seed);
        for (int64_t tile = 0; tile < count; ++tile) body(team, tile);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
};

struct Serial {
  using OnlyStorage = float;
  template <class Body>
  void rows(int64_t count, int elements, const Body& body) const {
    launch_rows(OnThisThread{}, count, elements, body);
  }
  template <class Body>
  void tiles(int64_t count, int64_t elements, const Body& body) const {
    launch_tiles(OnThisThread{}, count, elements, body);
  }
};

// The same numbers from a team of one and from teams of threads in several orders. Operands: inputs, then one output. Two
// instantiations of one sum may differ in where a product and a sum are fused: one rounding in each of 45 terms, 45 * 2^-24.
template <class TileProblem>
void expect_same_numbers(const TileProblem& problem, const std::vector<std::span<const std::byte>>& inputs,
                         int64_t outputs) {
  const auto run = [&](const auto& launcher) {
    std::vector<float> dst(static_cast<size_t>(outputs), -7.F),
        workspace(static_cast<size_t>(workspace_bytes(problem)) / sizeof(float) + 1);
    std::vector<std::byte*> pointers;
    for (const auto& input : inputs) pointers.push_back(const_cast<std::byte*>(input.data()));
    pointers.push_back(reinterpret_cast<std::byte*>(dst.data()));
    launch(launcher, problem, Operands{pointers, reinterpret_cast<std::byte*>(workspace.data())});
    return dst;
  };
  const std::vector<float> expected = run(Serial{});
  for (unsigned seed = 1; seed <= 5; ++seed)
    EXPECT_TRUE(testing::near_largest(run(Threaded{seed}), expected, 3e-6)) << "seed " << seed;
}

constexpr Shape kShape{2, 45, 3, 4};  // a full round of lanes, and a part of one

template <class T>
std::span<const std::byte> bytes(const std::vector<T>& numbers) {
  return std::as_bytes(std::span<const T>(numbers));
}

TEST(TileThreads, Softmax) {
  const std::vector<float> a = random_floats(kShape.elements(), 1), b = random_floats(kShape.elements(), 2);
  expect_same_numbers(SoftmaxProblem{kShape}, {bytes(a)}, kShape.elements());
  expect_same_numbers(SoftmaxBackwardProblem{kShape}, {bytes(a), bytes(b)}, kShape.elements());
}

TEST(TileThreads, LayerNorm) {
  const std::vector<float> a = random_floats(kShape.elements(), 1), b = random_floats(kShape.elements(), 2),
                           factor = random_floats(kShape.c, 3);
  expect_same_numbers(LayerNormProblem{kShape, 1e-5F, true, false}, {bytes(a), bytes(factor)}, kShape.elements());
  expect_same_numbers(LayerNormBackwardProblem{kShape, 1e-5F, true}, {bytes(a), bytes(b), bytes(factor)},
                      kShape.elements());
}

TEST(TileThreads, GroupNorm) {
  const std::vector<float> a = random_floats(kShape.elements(), 1), b = random_floats(kShape.elements(), 2);
  const std::vector<float> statistics(static_cast<size_t>(kShape.n * 2 * kShape.c), 0.5F);
  expect_same_numbers(GroupNormBackwardProblem{kShape, 1}, {bytes(a), bytes(b), bytes(statistics)}, kShape.elements());
}

TEST(TileThreads, BroadcastGradients) {
  const std::vector<float> a = random_floats(kShape.elements(), 1), b = random_floats(kShape.elements(), 2);
  const Shape positions{kShape.n, 1, kShape.h, kShape.w}, image{kShape.n, 1, 1, 1};
  for (const Shape& operand : {positions, image}) {
    expect_same_numbers(BinaryBackwardProblem{operand, kShape, BinaryDerivative::other}, {bytes(a), bytes(b)},
                        operand.elements());
  }
}

TEST(TileThreads, UnitObjective) {
  const std::vector<float> a = random_floats(kShape.elements(), 1);
  const std::vector<UnitRow> rows = {{3, kWholeMap, kWholeMap, 0.5F}, {44, 1, 2, -2.F}};
  expect_same_numbers(UnitObjectiveProblem{kShape}, {bytes(a), bytes(rows)}, kShape.n);
}

TEST(TileThreads, DirectionObjective) {
  const std::vector<float> a = random_floats(kShape.elements(), 1), vectors = random_floats(2 * kShape.c, 2);
  for (const int32_t power : {0, 1, 2}) {
    const std::vector<DirectionRow> rows = {{.vector = 0, .power = power, .weight = 0.5F},
                                            {.vector = 1, .row = 2, .column = 3, .power = power, .weight = 1}};
    expect_same_numbers(DirectionObjectiveProblem{kShape}, {bytes(a), bytes(rows), bytes(vectors)}, kShape.n);
    expect_same_numbers(DirectionObjectiveBackwardProblem{kShape}, {bytes(a), bytes(rows), bytes(vectors)},
                        kShape.elements());
  }
}

}  // namespace
}  // namespace phosphene
