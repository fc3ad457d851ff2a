// What a sweep varies, as checked structs: axes of values, and named variants. sweep_keys.h reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

// JSON that is kept as it was given; copies share it.
using KeptJson = std::shared_ptr<const Json>;

// The values that one key takes: a list, or a range of whole numbers, which takes no memory for each.
struct SweptKey {
  std::string pointer;                     // of the key
  KeptJson list;                           // null for a range
  int64_t first = 0, step = 1, count = 0;  // a range's
  bool all = false;                        // units of a layer, as many as any has until with_units_of (layer_units.h)

  [[nodiscard]] size_t size() const;
  [[nodiscard]] Json at(size_t index) const;
};

inline constexpr size_t kMaxJobs = 1'000'000;

// Keys that change together, value by value; mostly one.
struct SweepAxis {
  std::vector<SweptKey> keys;

  [[nodiscard]] size_t size() const { return keys.front().size(); }
};

struct Sweep {
  std::vector<SweepAxis> axes;                             // in the order given
  std::vector<std::pair<std::string, KeptJson>> variants;  // name -> keys that replace the config's
  KeptJson given;                                          // null without a sweep

  [[nodiscard]] size_t combinations() const;   // of the axes' values
  [[nodiscard]] size_t jobs() const;           // variants times combinations; 1 without a sweep
  [[nodiscard]] size_t jobs_at_least() const;  // where all units of a layer may be one
  // Pointer -> value in a combination, the last axis fastest.
  [[nodiscard]] std::vector<std::pair<std::string, Json>> values(size_t combination) const;
};

// What a sweep had and another lacks, so that pictures of the one are not of the other: "'/seed' had 3"; "" where nothing is missing.
// Both have the same keys, or that is said.
std::string missing_in(const Sweep& now, const Sweep& before);

// Finds the places of jobs among those of a sweep by their values.
class JobOrder {
 public:
  explicit JobOrder(const Sweep& sweep);

  // The job's index, or the number of jobs where the sweep has none of these values. `values`: pointer -> value, "variant" -> name.
  [[nodiscard]] size_t index_of(const Json& values) const;

 private:
  struct Axis;
  size_t jobs_;
  std::vector<std::shared_ptr<const Axis>> axes_;  // the variants first
};

}  // namespace phosphene
