// Ops that are linear in their one source, as lists of what each element of dst takes of which element of src: written from a formula,
// read forwards for the op and backwards for its gradient.
#pragma once

#include "runtime/error.h"
#include "tests/layers/network/oracles.h"

namespace phosphene::testing {

struct LinearFormula {
  struct Take {
    int64_t dst, src;
    double weight;
  };
  Shape src, dst;
  std::vector<Take> takes;
  double elsewhere = 0;  // what an element is that takes nothing

  static int64_t index(const Shape& of, int64_t n, int64_t c, int64_t h, int64_t w) {
    return ((n * of.c + c) * of.h + h) * of.w + w;
  }

  [[nodiscard]] Tensor forward(const Tensor& from) const {
    std::vector<int> taken(static_cast<size_t>(dst.elements()));
    Tensor to(dst);
    for (const Take& take : takes) {
      to.data[static_cast<size_t>(take.dst)] += take.weight * from.data[static_cast<size_t>(take.src)];
      ++taken[static_cast<size_t>(take.dst)];
    }
    for (size_t i = 0; i < taken.size(); ++i)
      if (taken[i] == 0) to.data[i] = elsewhere;
    return to;
  }
  [[nodiscard]] Tensor backward(const Tensor& grad_dst) const {
    Tensor grad_src(src);
    for (const Take& take : takes)
      grad_src.data[static_cast<size_t>(take.src)] += take.weight * grad_dst.data[static_cast<size_t>(take.dst)];
    return grad_src;
  }
};

// dst[n, c, p, q] takes rows[p][y] columns[q][x] of src[n, c, y, x], if that is not 0.
using AxisWeights = std::vector<std::vector<double>>;
inline LinearFormula separable(const Shape& src, const AxisWeights& rows, const AxisWeights& columns) {
  LinearFormula formula{src, {src.n, src.c, std::ssize(rows), std::ssize(columns)}, {}};
  for (int64_t plane = 0; plane < src.n * src.c; ++plane) {
    for (int64_t p = 0; p < formula.dst.h; ++p) {
      for (int64_t q = 0; q < formula.dst.w; ++q) {
        for (int64_t y = 0; y < src.h; ++y) {
          for (int64_t x = 0; x < src.w; ++x) {
            const double weight = rows[static_cast<size_t>(p)][static_cast<size_t>(y)] *
                                  columns[static_cast<size_t>(q)][static_cast<size_t>(x)];
            if (weight == 0) continue;
            formula.takes.push_back(
                {LinearFormula::index(formula.dst, 0, plane, p, q), LinearFormula::index(src, 0, plane, y, x), weight});
          }
        }
      }
    }
  }
  return formula;
}

inline NaiveCase case_of(std::shared_ptr<const Op> op, const LinearFormula& formula, unsigned seed = 1) {
  return {std::move(op),
          {random_tensor(formula.src, seed)},
          [formula](const auto& src) { return formula.forward(src[0]); },
          [formula](const Tensor& grad_dst, const auto& /*src*/) {
            return std::vector<Tensor>{formula.backward(grad_dst)};
          }};
}

// The four ways to be wrong that do not need another framework. An op that only moves numbers is exact, `tolerance` 0, and so are its
// gradient's sums of whole numbers. Linear: rounding alone, 1e-7 of outputs up to 2 over a step of 0.5.
inline void expect_linear(const NaiveCase& one, double tolerance) {
  expect_naive(one, tolerance);
  OpHarness harness = harness_of(one);
  EXPECT_TRUE(harness.adjoint_identity(1e-6));
  EXPECT_TRUE(harness.central_differences(1e-5, 0.5, 40));
  expect_same_bits_for_threads_and_batches(one);
}

// The cases of rearrangements.json with this op.
inline std::vector<nlohmann::json> golden_rearrangements(const std::string& op) {
  static const nlohmann::json table = golden_table("rearrangements");
  std::vector<nlohmann::json> cases;
  for (const nlohmann::json& one : table.at("cases"))
    if (one.at("op") == op) cases.push_back(one);
  return cases;
}

// Output, and the gradient where the framework gives one, to `tolerance` of the largest entry.
inline void expect_rearrangement(std::shared_ptr<const Op> op, const nlohmann::json& golden, double tolerance) {
  SCOPED_TRACE(golden.at("name").get<std::string>());
  if (golden.contains("cotangent")) return expect_golden(std::move(op), golden, {"input"}, tolerance);
  const Array input = to_array(golden.at("inputs").at("input")), expected = to_array(golden.at("output"));
  OpHarness harness(std::move(op), {channels_last(input.shape(), input.data)});
  ASSERT_EQ(to_string(harness.dst()), to_string(expected.shape()));
  EXPECT_TRUE(near_largest(harness.forward(), expected.data, tolerance));
}

// That `action` is refused in words that hold these.
template <class Action>
::testing::AssertionResult refused(const Action& action, const std::vector<std::string>& words) {
  try {
    action();
  } catch (const Error& error) {
    for (const std::string& word : words)
      if (std::string(error.what()).find(word) == std::string::npos) return AssertionFailure() << error.what();
    return AssertionSuccess();
  }
  return AssertionFailure() << "is not refused";
}

// Of a network's value of float32.
inline std::vector<TensorInfo> value_of(const Shape& shape) { return {{shape, Layout::channels_last, DType::f32}}; }

}  // namespace phosphene::testing
