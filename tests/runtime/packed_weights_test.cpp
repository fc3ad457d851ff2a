// Weights that are packed once: what is taken for the same, what is kept and what is dropped.
#include "runtime/cpu/packed_weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <stdexcept>
#include <thread>

namespace phosphene::packed_weights_test {
namespace {

constexpr int64_t kBytes = 4 * sizeof(float);

Weights four(float first) { return Weights::from({first, first + 1, first + 2, first + 3}, {2, 2}); }

// The numbers as they are.
Packed copied(PackedWeights& packed, const Weights& weights, const std::string& form = "copy") {
  const int64_t bytes = weights.elements() * int64_t{sizeof(float)};
  return packed.get(weights, form, bytes,
                    [&](std::byte* to) { std::memcpy(to, weights.data, static_cast<size_t>(bytes)); });
}

std::vector<float> numbers_of(const Packed& packed) {
  std::vector<float> numbers(static_cast<size_t>(packed.bytes) / sizeof(float));
  std::memcpy(numbers.data(), packed.numbers.get(), static_cast<size_t>(packed.bytes));
  return numbers;
}

TEST(PackedWeights, AreWrittenOnceWhoeverAsks) {
  const auto all = PackedWeights::make();
  const Weights weights = four(1);
  const Packed first = copied(*all, weights), second = copied(*all, Weights(weights));
  EXPECT_FALSE(first.shared);
  EXPECT_TRUE(second.shared);
  EXPECT_EQ(first.numbers.get(), second.numbers.get());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first.numbers.get()) % 64, 0U);
  EXPECT_EQ(all->held().written, 1);
  EXPECT_EQ(all->held().used, kBytes);
  PlannedTask task;
  account(task, first);
  account(task, second);
  EXPECT_EQ(task.constant_bytes, kBytes);
  EXPECT_EQ(task.shared_bytes, kBytes);
}

TEST(PackedWeights, APartOrAnotherFormIsNotTakenForTheWhole) {
  const auto all = PackedWeights::make();
  const Weights weights = four(1);
  const Packed whole = copied(*all, weights), head = copied(*all, weights.rows(0, 1)),
               tail = copied(*all, weights.rows(1, 1)), form = copied(*all, weights, "another");
  EXPECT_EQ(all->held().written, 4);
  EXPECT_EQ(numbers_of(whole), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(numbers_of(head), (std::vector<float>{1, 2}));
  EXPECT_EQ(numbers_of(tail), (std::vector<float>{3, 4}));
  Weights flat = weights;
  flat.shape = {4};
  EXPECT_FALSE(copied(*all, flat).shared);
  EXPECT_TRUE(copied(*all, weights.rows(1, 1)).shared);
}

// Numbers of two owners at one address, the first of them gone: whether a task still holds the first ones or nobody does.
TEST(PackedWeights, AnAddressThatIsUsedAgainIsNotTakenForWhatStoodThere) {
  for (const bool held : {true, false}) {
    SCOPED_TRACE(held);
    const auto all = PackedWeights::make();
    std::vector<float> memory = {1, 2, 3, 4};
    Packed before;
    {
      const Weights first{std::make_shared<int>(1), memory.data(), {2, 2}};
      before = copied(*all, first);
    }
    if (!held) before = {};
    memory = {5, 6, 7, 8};
    const Weights second{std::make_shared<int>(2), memory.data(), {2, 2}};
    const Packed after = copied(*all, second);
    EXPECT_FALSE(after.shared);
    EXPECT_EQ(numbers_of(after), (std::vector<float>{5, 6, 7, 8}));
    EXPECT_EQ(all->held().written, 2);
    if (!held) continue;
    EXPECT_EQ(numbers_of(before), (std::vector<float>{1, 2, 3, 4}));
  }
}

// As above, with memory and owner by the allocator, which gives back what was freed.
TEST(PackedWeights, ModelsThatComeAndGoAreNotMixed) {
  const auto all = PackedWeights::make();
  std::set<const float*> addresses;
  for (int i = 0; i < 100; ++i) {
    const Weights weights = four(static_cast<float>(i));
    addresses.insert(weights.data);
    EXPECT_EQ(numbers_of(copied(*all, weights)).front(), static_cast<float>(i));
  }
  EXPECT_LT(addresses.size(), 100U);
  EXPECT_EQ(all->held().written, 100);
  EXPECT_LE(all->held().unused, kBytes);  // those of the dead are gone
}

TEST(PackedWeights, WithoutAnOwnerArePackedEachTime) {
  const auto all = PackedWeights::make();
  std::vector<float> memory = {1, 2, 3, 4};
  const Packed first = copied(*all, {nullptr, memory.data(), {4}});
  memory[0] = 5;
  const Packed second = copied(*all, {nullptr, memory.data(), {4}});
  EXPECT_EQ(numbers_of(first)[0], 1);
  EXPECT_EQ(numbers_of(second)[0], 5);
  EXPECT_FALSE(second.shared);
  EXPECT_EQ(all->held().used, 0);
}

TEST(PackedWeights, KeepWhatWasLetGoOfLast) {
  const auto all = PackedWeights::make(2 * kBytes);
  const std::vector<Weights> weights = {four(1), four(2), four(3), four(4)};
  std::vector<Packed> tasks;
  for (const Weights& one : weights) tasks.push_back(copied(*all, one));
  EXPECT_EQ(all->held().used, 4 * kBytes);
  for (const size_t task : {2, 0, 3, 1}) tasks[task] = {};
  EXPECT_EQ(all->held().used, 0);
  EXPECT_EQ(all->held().unused, 2 * kBytes);
  const Packed kept = copied(*all, weights[3]), too = copied(*all, weights[1]);
  EXPECT_TRUE(kept.shared && too.shared);
  EXPECT_EQ(all->held().unused, 0);
  EXPECT_FALSE(copied(*all, weights[0]).shared);
  EXPECT_FALSE(copied(*all, weights[2]).shared);
}

TEST(PackedWeights, AreNotKeptAtAllWhereTheyAloneAreTooMuch) {
  const auto all = PackedWeights::make(kBytes - 1);
  const Weights weights = four(1);
  const Packed held = copied(*all, weights);
  EXPECT_TRUE(copied(*all, weights).shared);  // a task holds them
  static_cast<void>(copied(*all, four(2)));
  EXPECT_EQ(all->held().unused, 0);
  EXPECT_EQ(all->held().used, kBytes);
}

TEST(PackedWeights, OutliveWhatGaveThem) {
  auto all = PackedWeights::make();
  const Packed packed = copied(*all, four(1));
  all.reset();
  EXPECT_EQ(numbers_of(packed), (std::vector<float>{1, 2, 3, 4}));
}

TEST(PackedWeights, AreTriedAgainWherePackingFailed) {
  const auto all = PackedWeights::make();
  const Weights weights = four(1);
  EXPECT_THROW(static_cast<void>(all->get(weights, "copy", kBytes, [](std::byte*) { throw std::runtime_error("no"); })),
               std::runtime_error);
  EXPECT_EQ(all->held().written, 0);
  EXPECT_EQ(numbers_of(copied(*all, weights)), (std::vector<float>{1, 2, 3, 4}));
}

TEST(PackedWeights, AreWrittenOnceByThreadsThatAskAtOnce) {
  const auto all = PackedWeights::make();
  std::vector<Weights> weights;
  for (int i = 0; i < 20; ++i) weights.push_back(four(static_cast<float>(i)));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 50; ++round) {
        for (size_t i = 0; i < weights.size(); ++i) {
          const size_t at = (i * (t + 1)) % weights.size();
          const Packed packed = copied(*all, weights[at]);
          wrong[t] += numbers_of(packed).front() == static_cast<float>(at) ? 0 : 1;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
  EXPECT_EQ(all->held().written, std::ssize(weights));
  EXPECT_EQ(all->held().used, 0);
  EXPECT_EQ(all->held().unused, std::ssize(weights) * kBytes);
}

}  // namespace
}  // namespace phosphene::packed_weights_test
