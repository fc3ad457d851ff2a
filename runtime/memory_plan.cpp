#include "runtime/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace phosphene {
namespace {

bool overlap(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, int64_t alignment, int64_t padding) {
  const auto occupied = [&](size_t i) {
    return (lifetimes[i].bytes + padding + alignment - 1) / alignment * alignment;
  };
  std::vector<size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });

  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (const size_t index : order) {
    int64_t offset = 0;
    for (const size_t other : placed) {
      if (!overlap(lifetimes[index], lifetimes[other])) continue;
      if (offset + occupied(index) <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + occupied(other));
    }
    plan.offsets[index] = offset;
    plan.peak = std::max(plan.peak, offset + occupied(index));
    const auto behind = std::upper_bound(placed.begin(), placed.end(), offset,
                                         [&](int64_t value, size_t other) { return value < plan.offsets[other]; });
    placed.insert(behind, index);
  }
  return plan;
}

}  // namespace phosphene
