// An op against the naive loops, against the golden tables, and against itself with other threads and batches.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "runtime/cpu/bf16_support.h"
#include "tests/reference/network_ops.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/op_harness.h"

namespace phosphene::testing {

using reference::Tensor;

// An op, its sources, and what naive loops say of it for a cotangent.
struct NaiveCase {
  std::shared_ptr<const Op> op;
  std::vector<Tensor> src;
  std::function<Tensor(const std::vector<Tensor>&)> forward;
  std::function<std::vector<Tensor>(const Tensor& grad_dst, const std::vector<Tensor>&)> backward;
  DType storage = DType::f32;
};

// Leaves the test where the CPU has no bfloat16.
#define PHOSPHENE_BF16()                              \
  do {                                                \
    const std::string refusal = refuse_bf16_on_cpu(); \
    if (!refusal.empty()) GTEST_SKIP() << refusal;    \
  } while (false)

inline Tensor random_tensor(const Shape& shape, unsigned seed) {
  return {shape, random_numbers(shape.elements(), seed)};
}
inline Tensor integer_tensor(const Shape& shape, unsigned seed) {
  return {shape, random_integers(shape.elements(), seed)};
}
inline Tensor distinct_tensor(const Shape& shape, unsigned seed) {
  return {shape, distinct_numbers(shape.elements(), seed)};
}

inline Weights random_weights(std::vector<int64_t> dims, unsigned seed) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  const std::vector<double> numbers = random_numbers(count, seed, -1, 1);
  return Weights::from({numbers.begin(), numbers.end()}, std::move(dims));
}

inline Weights integer_weights(std::vector<int64_t> dims, unsigned seed) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  const std::vector<double> numbers = random_integers(count, seed);
  return Weights::from({numbers.begin(), numbers.end()}, std::move(dims));
}

// The same on numbers that bfloat16 has.
inline Tensor rounded(const Tensor& tensor) { return {tensor.shape, rounded_to_bf16(tensor.data)}; }
inline Weights rounded(const Weights& weights) {
  return Weights::from(from_bf16(to_bf16({weights.data, static_cast<size_t>(weights.elements())})), weights.shape);
}
inline NaiveCase in_bf16(NaiveCase one) {
  one.storage = DType::bf16;
  for (Tensor& src : one.src) src = rounded(src);
  return one;
}

inline OpHarness harness_of(const NaiveCase& one, int threads = 2) {
  std::vector<Operand> operands;
  for (const Tensor& src : one.src) {
    operands.push_back(channels_last(src.shape, src.data));
    if (one.storage == DType::bf16) operands.back() = in_bf16(operands.back());
  }
  return {one.op, std::move(operands), threads};
}

// Output and gradients equal those of the naive loops to `tolerance` of the largest entry; 0 asks for equality.
inline void expect_naive(const NaiveCase& one, double tolerance) {
  OpHarness harness = harness_of(one);
  const Tensor expected = one.forward(one.src);
  ASSERT_EQ(to_string(harness.dst()), to_string(expected.shape));
  EXPECT_TRUE(near_largest(harness.forward(), expected.data, tolerance)) << one.op->kind() << " forward";
  Tensor cotangent = tolerance == 0 ? integer_tensor(expected.shape, 99) : random_tensor(expected.shape, 99);
  if (one.storage == DType::bf16) cotangent = rounded(cotangent);
  const std::vector<std::vector<double>> gradients = harness.backward(cotangent.data);
  const std::vector<Tensor> expected_gradients = one.backward(cotangent, one.src);
  for (size_t i = 0; i < gradients.size(); ++i) {
    EXPECT_TRUE(near_largest(gradients[i], expected_gradients[i].data, tolerance))
        << one.op->kind() << " gradient " << i;
  }
}

// <J v, w> = <v, J' w> of an op that is linear in its one source. Each number of J v and of J' w is rounded by at most 2^-8 of itself,
// which moves the products by no more than 2^-8 |J v| |w| and 2^-8 |v| |J' w|; the float32 sums add a hundredth of that.
inline void expect_adjoint_in_bf16(const NaiveCase& one) {
  OpHarness harness = harness_of(one);
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const std::vector<double>& v = one.src[0].data;
  const std::vector<double> w = rounded(random_tensor(harness.dst(), 97)).data;
  const std::vector<double> forward = harness.forward(), backward = harness.backward(w)[0];
  const double bound =
      0x1p-8 * (std::sqrt(dot(forward, forward) * dot(w, w)) + std::sqrt(dot(v, v) * dot(backward, backward)));
  EXPECT_LE(std::abs(dot(forward, w) - dot(v, backward)), 1.01 * bound) << one.op->kind();
  EXPECT_GT(bound, 0);
}

// An image's output and gradient have the same bits alone and in a batch, on one thread and on three.
inline void expect_same_bits_for_threads_and_batches(const NaiveCase& one) {
  OpHarness batch = harness_of(one, 3);
  const Tensor cotangent = random_tensor(batch.dst(), 98);
  const std::vector<double> dst = batch.forward();
  const std::vector<std::vector<double>> gradients = batch.backward(cotangent.data);
  const auto image = [](const std::vector<double>& all, int64_t images, int64_t n) {
    const auto size = static_cast<int64_t>(all.size()) / images;
    return std::vector<float>(all.begin() + n * size, all.begin() + (n + 1) * size);
  };
  const int64_t images = one.src[0].shape.n;
  for (int64_t n = 0; n < images; ++n) {
    NaiveCase alone = one;
    for (Tensor& src : alone.src) {
      src.data = to_doubles(image(src.data, images, n));
      src.shape.n = 1;
    }
    OpHarness single = harness_of(alone, 1);
    const std::vector<double> single_dst = single.forward();
    EXPECT_TRUE(same_bits(image(single_dst, 1, 0), image(dst, images, n)));
    const auto single_gradients = single.backward(to_doubles(image(cotangent.data, images, n)));
    for (size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_TRUE(same_bits(image(single_gradients[i], 1, 0), image(gradients[i], images, n)));
    }
  }
}

// The case of layers.json: output and gradients of `inputs` (those of the op's sources) to `tolerance` of the largest entry.
inline void expect_golden(std::shared_ptr<const Op> op, const nlohmann::json& golden,
                          const std::vector<std::string>& inputs, double tolerance) {
  std::vector<Operand> operands;
  for (const std::string& name : inputs) {
    const Array array = to_array(golden.at("inputs").at(name));
    operands.push_back(channels_last(array.shape(), array.data));
  }
  OpHarness harness(std::move(op), std::move(operands));
  const Array expected = to_array(golden.at("output"));
  const std::string name = golden.at("name");
  ASSERT_EQ(to_string(harness.dst()), to_string(expected.shape())) << name;
  EXPECT_TRUE(near_largest(harness.forward(), expected.data, tolerance)) << name;
  const auto gradients = harness.backward(to_array(golden.at("cotangent")).data);
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_TRUE(near_largest(gradients[i], to_array(golden.at("gradients").at(inputs[i])).data, tolerance))
        << name << " " << inputs[i];
  }
}

// Every case of layers.json with this op.
inline std::vector<nlohmann::json> golden_layers(const std::string& op) {
  std::vector<nlohmann::json> cases;
  const nlohmann::json table = golden_table("layers");
  for (const nlohmann::json& one : table.at("cases")) {
    if (one.at("op") == op) cases.push_back(one);
  }
  return cases;
}

}  // namespace phosphene::testing
