// Every width of a row body gives the same bits: an element's result cannot depend on whether it fell into a full chunk,
// a tail or a row that is computed whole.
#pragma once

#include <utility>
#include <vector>

#include "kernels/launch_cpu.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"

namespace phosphene::testing {

// All the work as one part.
struct OnThisThread {
  template <class F>
  void operator()(int64_t count, int64_t /*elements_each*/, const F& f) const {
    f(int64_t{0}, count);
  }
};

template <class Body, int kWidth>
struct WithWidth : Body {
  static constexpr int cpu_lanes = kWidth;
  [[nodiscard]] bool whole_row(int64_t /*row*/, int /*elements*/) const {
    return false;
  }  // singles and chunks are what is tried
};

// Random numbers with all 24 bits in use, so that rounding shows.
inline std::vector<float> random_floats(int64_t count, unsigned seed) {
  const std::vector<double> numbers = random_numbers(count, seed);
  std::vector<float> floats(numbers.begin(), numbers.end());
  for (float& number : floats) number *= 1.1F;
  return floats;
}

// `make` puts its body's destination into the vector it is given.
template <class Make>
void expect_same_bits_at_every_width(int64_t rows, int elements, int64_t dst_elements, const Make& make) {
  using Body = decltype(make(std::declval<std::vector<float>&>()));
  const auto run = [&](auto widened) {
    std::vector<float> dst(static_cast<size_t>(dst_elements), -7.F);
    static_cast<Body&>(widened) = make(dst);
    launch_rows(OnThisThread{}, rows, elements, widened);
    return dst;
  };
  const std::vector<float> single = run(WithWidth<Body, 1>{});
  EXPECT_TRUE(same_bits(run(WithWidth<Body, 4>{}), single));
  EXPECT_TRUE(same_bits(run(Body{}), single));
}

}  // namespace phosphene::testing
