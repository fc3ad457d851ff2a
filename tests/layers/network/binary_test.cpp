#include "layers/network/binary.h"

#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "tests/layers/network/arithmetic.h"
#include "tests/reference/arithmetic_ops.h"

namespace phosphene::binary_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

NaiveCase naive(BinaryOperation operation, Tensor a, Tensor b) {
  return {std::make_shared<Binary>(operation),
          {std::move(a), std::move(b)},
          [=](const auto& s) { return reference::binary(operation, s[0], s[1]); },
          [=](const Tensor& grad_dst, const auto& s) {
            return reference::binary_backward(operation, grad_dst, s[0], s[1]);
          }};
}

std::vector<BinaryOperation> operations() {
  std::vector<BinaryOperation> all;
  for (const std::string& name : names_of_binary_operations()) all.push_back(binary_operation(name));
  return all;
}

// Every way in which one operand may be broadcast over a map.
std::vector<Shape> broadcasts(const Shape& map) {
  return {map, {map.n, map.c, 1, 1}, {map.n, 1, map.h, map.w}, {map.n, 1, 1, 1}};
}

// A quotient's gradient has four roundings of each term; then come up to `terms` additions, a random walk (tolerances.md).
double tolerance(int64_t terms) { return (4 + 4 * std::sqrt(static_cast<double>(terms))) * kEps; }

// Channel counts that fill no vector, a map of one position, one channel, many channels, a wide row.
const Shape kMaps[] = {{3, 1, 4, 3}, {2, 3, 5, 4},    {3, 17, 3, 5}, {2, 19, 1, 1},
                       {1, 1, 1, 1}, {2, 2048, 2, 1}, {1, 36, 9, 7}, {2, 5, 1, 6}};

// Numbers from 1/2 to 2 for what divides; among so few multiples of 2^-10 there are ties for maxima and minima.
TEST(Binary, EqualsNaiveLoopsWhicheverOperandIsBroadcast) {
  for (const Shape& map : kMaps) {
    for (const Shape& small : broadcasts(map)) {
      for (const BinaryOperation operation : operations()) {
        SCOPED_TRACE(to_string(map) + " and " + to_string(small) + ", operation " +
                     std::to_string(static_cast<int>(operation)));
        const Tensor a = random_tensor(map, 1), b = tensor_between(small, 2, 0.5, 2);
        expect_naive(naive(operation, a, b), tolerance(map.c * map.h * map.w));
        if (small != map)
          expect_naive(naive(operation, b, tensor_between(map, 3, 0.5, 2)), tolerance(map.c * map.h * map.w));
      }
    }
  }
}

// Few whole numbers: many ties, and every sum is exact.
TEST(Binary, EqualOperandsShareTheGradientOfAMaximum) {
  for (const BinaryOperation operation : {BinaryOperation::maximum, BinaryOperation::minimum}) {
    for (const Shape& small : broadcasts({2, 35, 3, 4}))
      expect_naive(naive(operation, integer_tensor({2, 35, 3, 4}, 1), integer_tensor(small, 2)), 0);
  }
  OpHarness harness = harness_of(naive(BinaryOperation::maximum, {{1, 1, 1, 3}, {1, 2, 3}}, {{1, 1, 1, 3}, {2, 2, 2}}));
  EXPECT_EQ(harness.backward({4, 8, 16}), (std::vector<std::vector<double>>{{0, 4, 16}, {4, 4, 0}}));
}

// Sums, differences and products are exact to central differences, as is what bends only where the operands cross: they are 2^-5 apart
// and the steps 2^-7. A quotient's third derivative is 6 times the dividend's 2: 2^-14 / 6 * 12, and rounding 2^-24 * 2^7.
TEST(Binary, GradientIsTheAdjointAndTheDifference) {
  const Shape map{2, 5, 3, 2};
  for (const Shape& small : broadcasts(map)) {
    for (const BinaryOperation operation : operations()) {
      SCOPED_TRACE(to_string(small) + ", operation " + std::to_string(static_cast<int>(operation)));
      const bool crosses = operation == BinaryOperation::maximum || operation == BinaryOperation::minimum;
      const bool divides = operation == BinaryOperation::divide;
      Tensor a = distinct_tensor(map, 1), b = distinct_tensor(small, 2);
      for (double& number : b.data) number += 0x1p-5;
      if (divides) a = random_tensor(map, 1), b = tensor_between(small, 2, 1, 2);
      const double step = crosses || divides ? 0x1p-7 : 0.5;
      for (const bool first : {false, true}) {
        if (first && divides) continue;  // the broadcast divisor is the harder one
        OpHarness harness = harness_of(first ? naive(operation, b, a) : naive(operation, a, b));
        EXPECT_TRUE(harness.adjoint_identity(divides ? 3e-4 : 1e-6, step));
        EXPECT_TRUE(harness.central_differences(divides ? 3e-4 : 2e-6, step));
      }
    }
  }
}

TEST(Binary, EqualsTheGoldenTable) {
  const auto cases = golden_arithmetic("binary");
  ASSERT_EQ(cases.size(), 42U);
  for (const nlohmann::json& golden : cases) {
    const auto op = std::make_shared<Binary>(binary_operation(golden.at("operation")));
    EXPECT_EQ(op->operation_name(), golden.at("operation"));
    expect_golden(op, golden, {"a", "b"}, tolerance(18));
  }
}

// The result is rounded once more, by at most 2^-8 of itself.
TEST(Binary, ComputesInBfloat16) {
  const Shape map{2, 19, 3, 5};
  for (const Shape& small : broadcasts(map)) {
    for (const BinaryOperation operation : operations()) {
      expect_naive(in_bf16(naive(operation, random_tensor(map, 1), tensor_between(small, 2, 0.5, 2))),
                   0x1p-8 + tolerance(map.c * map.h * map.w));
    }
  }
}

TEST(Binary, DoesNotDependOnThreadsOrBatch) {
  const Shape map{3, 150, 9, 8};
  for (const Shape& small : broadcasts(map)) {
    for (const BinaryOperation operation : operations()) {
      expect_same_bits_for_threads_and_batches(
          naive(operation, random_tensor(map, 1), tensor_between(small, 2, 0.5, 2)));
      expect_same_bits_for_threads_and_batches(
          naive(operation, random_tensor(small, 1), tensor_between(map, 2, 0.5, 2)));
    }
  }
}

// x x: both operands' gradients come together.
TEST(Binary, OfAValueAndItself) {
  const Shape shape{2, 3, 2, 2};
  const Tensor x = integer_tensor(shape, 1), w = integer_tensor(shape, 2);
  const auto square = [](Graph& graph, const std::vector<ValueId>& src) {
    return std::vector{graph.append(std::make_shared<Binary>(BinaryOperation::multiply), {src[0], src[0]}, "square")};
  };
  OpHarness harness(square, false, {channels_last(shape, x.data)});
  const std::vector<double> gradient = harness.backward(w.data)[0];
  for (size_t i = 0; i < gradient.size(); ++i) EXPECT_EQ(gradient[i], 2 * x.data[i] * w.data[i]);
}

// Of two operands of which one needs no gradient, the other's is right by itself.
TEST(Binary, AConstantOperandNeedsNoGradient) {
  const Shape map{2, 7, 3, 2}, gate{2, 7, 1, 1};
  const Tensor a = integer_tensor(map, 1), b = integer_tensor(gate, 2), w = integer_tensor(map, 3);
  const std::vector<Tensor> expected = reference::binary_backward(BinaryOperation::multiply, w, a, b);
  const auto op = std::make_shared<Binary>(BinaryOperation::multiply);
  OpHarness of_gate(op, {fixed(channels_last(map, a.data)), channels_last(gate, b.data)});
  EXPECT_TRUE(same_numbers(of_gate.backward(w.data)[1], expected[1].data));
  OpHarness of_map(op, {channels_last(map, a.data), fixed(channels_last(gate, b.data))});
  EXPECT_TRUE(same_numbers(of_map.backward(w.data)[0], expected[0].data));
}

TEST(Binary, ASumOfOneShapeIsAnAccumulation) {
  const TensorInfo map{{2, 5, 3, 4}}, gate{{2, 5, 1, 1}};
  const auto lowered = [](BinaryOperation operation, const TensorInfo& a, const TensorInfo& b) {
    const std::vector<TensorInfo> src{a, b};
    return Binary(operation).lower(src, Binary(operation).infer(src));
  };
  EXPECT_TRUE(std::holds_alternative<AccumulateProblem>(lowered(BinaryOperation::add, map, map)));
  EXPECT_TRUE(std::holds_alternative<BinaryProblem>(lowered(BinaryOperation::add, map, gate)));
  EXPECT_TRUE(std::holds_alternative<BinaryProblem>(lowered(BinaryOperation::multiply, map, map)));
}

TEST(Binary, RefusesShapesThatDoNotFit) {
  const Binary op(BinaryOperation::multiply);
  const auto refused = [&](const std::vector<Shape>& shapes) {
    std::vector<TensorInfo> src;
    for (const Shape& shape : shapes) src.push_back({shape});
    try {
      static_cast<void>(op.infer(src));
    } catch (const Error& error) {
      return std::string(error.what()).find("multiply") != std::string::npos;
    }
    return false;
  };
  const Shape map{2, 6, 4, 5};
  for (const Shape& other : {Shape{1, 6, 4, 5}, Shape{2, 3, 4, 5}, Shape{2, 6, 4, 1}, Shape{2, 6, 1, 5},
                             Shape{2, 6, 2, 5}, Shape{1, 6, 1, 1}, Shape{2, 12, 4, 5}})
    EXPECT_TRUE(refused({map, other}) && refused({other, map})) << to_string(other);
  EXPECT_TRUE(refused({{2, 6, 1, 1}, {2, 1, 4, 5}})) << "neither has the shape of the result";
  EXPECT_TRUE(refused({map}));
  EXPECT_TRUE(refused({map, map, map}));
  EXPECT_THROW(binary_operation("multiplicate"), Error);
}

}  // namespace
}  // namespace phosphene::binary_test
