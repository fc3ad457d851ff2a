// The CPU's matrix products, in every storage, against sums in double precision.
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/cpu/bf16_support.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/problems/objective.h"
#include "runtime/problems/problem.h"
#include "tests/support/compare.h"
#include "tests/support/op_harness.h"

namespace phosphene::matrix_products_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

struct Storages {
  DType factors, product;
};

std::vector<Storages> storages() {
  if (!refuse_bf16_on_cpu().empty()) return {{DType::f32, DType::f32}};
  return {{DType::f32, DType::f32}, {DType::bf16, DType::f32}, {DType::bf16, DType::bf16}};
}

// More than a block of 64 rows and no multiple of one; rows that are longer than what is read of them.
MatrixProduct product_of(bool transpose_a, bool transpose_b) {
  MatrixProduct p{.m = 150, .n = 37, .k = 53, .transpose_a = transpose_a, .transpose_b = transpose_b};
  p.a = 7;
  p.b = 3;
  p.dst = 5;
  p.a_pitch = (transpose_a ? p.m : p.k) + 2;
  p.b_pitch = (transpose_b ? p.k : p.n) + 9;
  p.dst_pitch = p.n + 1;
  return p;
}

std::vector<std::byte> stored(const std::vector<double>& numbers, DType storage) {
  const std::vector<float> wide(numbers.begin(), numbers.end());
  const std::vector<uint16_t> halves = to_bf16(wide);
  const auto bytes = storage == DType::bf16 ? std::as_bytes(std::span(halves)) : std::as_bytes(std::span(wide));
  return {bytes.begin(), bytes.end()};
}

// dst after the products; what no product writes stays 0.
std::vector<float> multiply(const std::vector<MatrixProduct>& products, const Storages& in,
                            const std::vector<double>& a, const std::vector<double>& b, int64_t dst_elements,
                            int threads) {
  const std::unique_ptr<Backend> backend = make_cpu_backend(threads);
  PlannedTask planned = backend->plan(MatrixProductsProblem{products, in.factors, in.product}, "test");
  std::vector<std::vector<std::byte>> memory = {stored(a, in.factors), stored(b, in.factors)};
  memory.emplace_back(static_cast<size_t>(dst_elements * size_of(in.product)));
  std::vector<std::byte*> pointers;
  for (auto& bytes : memory) pointers.push_back(bytes.data());
  const std::unique_ptr<Memory> workspace = backend->allocate(planned.workspace_bytes);
  planned.task->bind(pointers, workspace->data());
  planned.task->run();
  if (in.product == DType::bf16) {
    std::vector<uint16_t> halves(static_cast<size_t>(dst_elements));
    std::memcpy(halves.data(), memory[2].data(), memory[2].size());
    return from_bf16(halves);
  }
  std::vector<float> dst(static_cast<size_t>(dst_elements));
  std::memcpy(dst.data(), memory[2].data(), memory[2].size());
  return dst;
}

std::vector<double> naive(const MatrixProduct& p, const std::vector<double>& a, const std::vector<double>& b,
                          int64_t dst_elements) {
  std::vector<double> dst(static_cast<size_t>(dst_elements));
  for (int64_t i = 0; i < p.m; ++i) {
    for (int64_t j = 0; j < p.n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < p.k; ++l) {
        sum += a[static_cast<size_t>(p.a + (p.transpose_a ? l * p.a_pitch + i : i * p.a_pitch + l))] *
               b[static_cast<size_t>(p.b + (p.transpose_b ? j * p.b_pitch + l : l * p.b_pitch + j))];
      }
      dst[static_cast<size_t>(p.dst + i * p.dst_pitch + j)] = sum;
    }
  }
  return dst;
}

// Sums of K products off by 4 eps sqrt(K) of the largest; in bfloat16 factors are exact and the result is rounded once, by at most half of 2^-7 of itself.
double tolerance(int64_t k, DType product) {
  return 4 * 0x1p-24 * std::sqrt(static_cast<double>(k)) + (product == DType::bf16 ? 0x1p-8 : 0);
}

constexpr int64_t kElements = 12000;  // of each factor, and more than any product here

TEST(MatrixProducts, EqualNaiveSumsInEveryStorage) {
  const std::vector<double> a = rounded_to_bf16(random_numbers(kElements, 1)),
                            b = rounded_to_bf16(random_numbers(kElements, 2));
  for (const Storages& in : storages()) {
    for (int transposes = 0; transposes < 4; ++transposes) {
      SCOPED_TRACE(transposes);
      const MatrixProduct p = product_of(transposes % 2 == 1, transposes >= 2);
      const std::vector<float> dst = multiply({p}, in, a, b, kElements, 2);
      EXPECT_TRUE(near_largest(dst, naive(p, a, b, kElements), tolerance(p.k, in.product)));
      EXPECT_TRUE(same_bits(dst, multiply({p}, in, a, b, kElements, 1)));
    }
  }
}

TEST(MatrixProducts, HalvesOfASymmetricOneHaveTheSameBits) {
  const int64_t c = 90, k = 60;
  const std::vector<double> a = rounded_to_bf16(random_numbers(c * k, 1));
  const MatrixProduct gram{c, c, k, true, false, 0, 0, 0, c, c, c, true};
  for (const Storages& in : storages()) {
    const std::vector<float> dst = multiply({gram}, in, a, a, c * c, 2);
    EXPECT_TRUE(near_largest(dst, naive(gram, a, a, c * c), tolerance(k, in.product)));
    std::vector<float> transposed(dst.size());
    for (int64_t i = 0; i < c * c; ++i)
      transposed[static_cast<size_t>(i % c * c + i / c)] = dst[static_cast<size_t>(i)];
    EXPECT_TRUE(same_bits(dst, transposed));
  }
}

}  // namespace
}  // namespace phosphene::matrix_products_test
