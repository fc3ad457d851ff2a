// Offsets in one arena from the lifetimes of values: a pure function of integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace phosphene {

// A value lives from the step that writes it to the last step that reads it, both included.
struct Lifetime {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // one per lifetime, multiples of the alignment
  int64_t peak = 0;              // bytes of the arena
};

// Largest first, each at the lowest offset where no value of an overlapping lifetime lies. `padding` bytes are kept free
// behind each value (debug sentinels).
MemoryPlan plan_memory(std::span<const Lifetime> lifetimes, int64_t alignment = 64, int64_t padding = 0);

}  // namespace phosphene
