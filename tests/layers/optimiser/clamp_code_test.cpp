#include "layers/optimiser/clamp_code.h"

#include <algorithm>
#include <cmath>

#include "layers/optimiser/update.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/program.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"

namespace phosphene::clamp_code_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

// The code of `shape` (channels_last in memory) after one update with these bounds.
std::vector<float> bounded(const Shape& shape, const CodeBounds& bounds, const std::vector<float>& code,
                           const std::vector<int64_t>& stopped_at, int threads = 2) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(threads);
  States states(*backend);
  Graph graph;
  const ValueId state = graph.state("code", {shape, Layout::channels_last, DType::f32});
  append_clamp_code(graph, bounds, state, graph.state("stopped_at", stopped_at_rows(shape.n)));
  Program program(std::move(graph), {}, *backend, states);
  states.write("code", code);
  states.write("stopped_at", stopped_at);
  program.run();
  return states.read<float>("code");
}

struct Bounding {
  Shape shape{2, 37, 3, 2};
  CodeBounds bounds;
  std::vector<float> code;

  Bounding() {
    for (const double number : random_numbers(shape.c, 1, -2, -1)) bounds.least.push_back(static_cast<float>(number));
    for (const double number : random_numbers(shape.c, 2, 1, 2)) bounds.most.push_back(static_cast<float>(number));
    bounds.norm = 6;
    for (const double number : random_numbers(shape.elements(), 3)) code.push_back(static_cast<float>(number));
    for (size_t i = 0; i < static_cast<size_t>(shape.c); ++i) code[i] /= 4;  // the first position is short
  }
};

// A norm of 37 squares rounds by a few eps, and the factor and its product once each: 8 eps of the largest number.
TEST(ClampCode, EqualsNaiveLoops) {
  const Bounding b;
  std::vector<double> expected;
  int longer = 0;
  for (size_t first = 0; first < b.code.size(); first += static_cast<size_t>(b.shape.c)) {
    std::vector<double> vector;
    double squares = 0;
    for (size_t c = 0; c < static_cast<size_t>(b.shape.c); ++c) {
      vector.push_back(std::clamp<double>(b.code[first + c], b.bounds.least[c], b.bounds.most[c]));
      squares += vector.back() * vector.back();
    }
    const double factor = std::min(1.0, b.bounds.norm / std::sqrt(squares));
    longer += factor < 1 ? 1 : 0;
    for (const double number : vector) expected.push_back(factor * number);
  }
  EXPECT_GT(longer, 0);
  EXPECT_LT(longer, 12) << "one position at least is only clipped";
  EXPECT_TRUE(near_largest(bounded(b.shape, b.bounds, b.code, {0, 0}), expected, 8 * 0x1p-24));
}

TEST(ClampCode, LeavesAFrozenImageEveryByte) {
  const Bounding b;
  const std::vector<float> free = bounded(b.shape, b.bounds, b.code, {0, 0}),
                           frozen = bounded(b.shape, b.bounds, b.code, {0, 7});
  const auto half = static_cast<ptrdiff_t>(b.code.size() / 2);
  EXPECT_TRUE(same_bits({frozen.begin(), frozen.begin() + half}, {free.begin(), free.begin() + half}));
  EXPECT_TRUE(same_bits({frozen.begin() + half, frozen.end()}, {b.code.begin() + half, b.code.end()}));
}

TEST(ClampCode, LeavesACodeWithinItsBoundsAlone) {
  Bounding b;
  for (float& number : b.code) number /= 8;  // at most .25 each: 37 of them have a norm of at most 1.6
  EXPECT_TRUE(same_bits(bounded(b.shape, b.bounds, b.code, {0, 0}), b.code));
}

TEST(ClampCode, DoesNotDependOnThreadsOrBatch) {
  const Bounding b;
  const std::vector<float> both = bounded(b.shape, b.bounds, b.code, {0, 0}, 3);
  const auto half = static_cast<ptrdiff_t>(b.code.size() / 2);
  const Shape one{1, b.shape.c, b.shape.h, b.shape.w};
  EXPECT_TRUE(same_bits({both.begin(), both.begin() + half},
                        bounded(one, b.bounds, {b.code.begin(), b.code.begin() + half}, {0}, 1)));
  EXPECT_TRUE(same_bits({both.begin() + half, both.end()},
                        bounded(one, b.bounds, {b.code.begin() + half, b.code.end()}, {0}, 1)));
}

}  // namespace
}  // namespace phosphene::clamp_code_test
