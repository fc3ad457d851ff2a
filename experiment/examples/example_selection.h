// Which photographs are kept as examples of a unit: the best few by each measure, in memory that does not grow with their number. What
// is kept depends on the set of photographs alone, neither on their order nor on interruptions: ties are broken by name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phosphene {

// A unit's activation at one place of one photograph.
struct Response {
  float activation = 0;
  int32_t scale = 0;  // index into the scales
  int32_t tile = 0;
  int32_t row = 0, column = 0;  // of the layer's map of that tile

  bool operator==(const Response&) const = default;
};

// Where a unit responds to one photograph, over all scales and positions; the first in that order where several are equal.
// Activations that are not finite do not count.
struct Responses {
  std::optional<Response> highest, lowest;
  std::optional<Response> below_zero;  // the highest of those below zero

  void add(const Response& response);
};

struct Photograph {
  std::string name;
  int64_t height = 0, width = 0;

  bool operator==(const Photograph&) const = default;
};

struct Example {
  Photograph photograph;
  Response response;

  bool operator==(const Example&) const = default;
};

// The `limit` examples with the highest (or lowest) activations: a heap whose worst is dropped for a better one.
class BestExamples {
 public:
  enum class Order { highest, lowest };

  BestExamples(Order order, size_t limit) : order_(order), limit_(limit) {}

  void offer(const Photograph& photograph, const Response& response);
  [[nodiscard]] std::vector<Example> sorted() const;  // the best first

 private:
  [[nodiscard]] bool better(float activation, const std::string& name, const Example& than) const;

  Order order_;
  size_t limit_;
  std::vector<Example> heap_;  // the worst first
};

// A random sample of the photographs, the same for every unit, for what no heap can tell: where the middle lies. It holds the kSize
// photographs with the least keys (name_key), a bottom-k sketch: a uniform sample without replacement, which sees the photographs in
// any order and can be taken up again after an interruption, as a reservoir with a running generator could not.
// The median of a sample of n has, among all photographs, a rank that is off by 1 / (2 sqrt n) of them (standard deviation): for 512,
// 2.2 percent. Up to kSize photographs it is exact.
class PhotographSample {
 public:
  static constexpr size_t kSize = 512;

  explicit PhotographSample(size_t size = kSize) : size_(size) {}

  struct Entry {
    Photograph photograph;
    std::vector<std::optional<Response>> highest;  // by unit
  };
  void offer(Entry entry);

  // The `count` examples about the median of the photographs' highest responses, the nearest in rank first; of an even number of
  // photographs the lower median.
  [[nodiscard]] std::vector<Example> about_median(size_t unit, size_t count) const;

  [[nodiscard]] const std::map<std::pair<uint64_t, std::string>, Entry>& entries() const { return entries_; }

 private:
  size_t size_;
  std::map<std::pair<uint64_t, std::string>, Entry> entries_;  // by key, then name
};

// What is kept for one unit.
struct UnitExamples {
  explicit UnitExamples(size_t limit)
      : highest(BestExamples::Order::highest, limit),
        below_zero(BestExamples::Order::highest, limit),
        lowest(BestExamples::Order::lowest, limit) {}

  BestExamples highest, below_zero, lowest;
};

struct ExampleSelection {
  ExampleSelection(size_t count, size_t per_unit) : limit(per_unit), units(count, UnitExamples(per_unit)) {}

  // `responses`: one for each unit.
  void offer(const Photograph& photograph, const std::vector<Responses>& responses);

  size_t limit;  // examples of each kind
  std::vector<UnitExamples> units;
  PhotographSample sample;
};

}  // namespace phosphene
