#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace phosphene {
namespace {

bool share_a_step(const Lifetime& a, const Lifetime& b) {
  return std::max(a.first, b.first) <= std::min(a.last, b.last);
}

TEST(MemoryPlan, OfNothingIsEmpty) { EXPECT_EQ(plan_memory({}).peak, 0); }

TEST(MemoryPlan, ReusesMemoryOfTheDead) {
  const Lifetime chain[] = {{1024, 0, 1}, {1024, 1, 2}, {1024, 2, 3}, {1024, 3, 4}};
  EXPECT_EQ(plan_memory(chain).peak, 2048);
}

TEST(MemoryPlan, FillsAHoleBetweenTwoLivingValues) {
  const Lifetime values[] = {{4096, 0, 9}, {2048, 0, 2}, {1024, 0, 9}, {2048, 3, 9}};
  EXPECT_EQ(plan_memory(values).peak, 4096 + 2048 + 1024);
}

TEST(MemoryPlan, NeverOverlapsTwoLivingValuesAndStaysAligned) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> values(1 + random() % 60);
    for (Lifetime& value : values) {
      value.bytes = 1 + static_cast<int64_t>(random() % 5000);
      value.first = static_cast<int>(random() % 40);
      value.last = value.first + static_cast<int>(random() % 12);
    }
    const int64_t padding = round % 2 == 0 ? 0 : 64;
    const MemoryPlan plan = plan_memory(values, 64, padding);
    ASSERT_EQ(plan.offsets.size(), values.size());
    int64_t living_at_once = 0;
    for (int step = 0; step < 60; ++step) {
      int64_t living = 0;
      for (const Lifetime& value : values) living += value.first <= step && step <= value.last ? value.bytes : 0;
      living_at_once = std::max(living_at_once, living);
    }
    EXPECT_GE(plan.peak, living_at_once);
    for (size_t a = 0; a < values.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % 64, 0);
      EXPECT_LE(plan.offsets[a] + values[a].bytes + padding, plan.peak);
      for (size_t b = 0; b < a; ++b) {
        if (!share_a_step(values[a], values[b])) continue;
        const bool apart = plan.offsets[a] + values[a].bytes + padding <= plan.offsets[b] ||
                           plan.offsets[b] + values[b].bytes + padding <= plan.offsets[a];
        EXPECT_TRUE(apart) << "values " << a << " and " << b << " of round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace phosphene
