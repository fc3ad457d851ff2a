// Runs one op, forward and backward, through a Program on the CPU backend, and checks its gradient without knowing its formula.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/backend.h"
#include "runtime/program.h"
#include "runtime/states.h"

namespace phosphene::testing {

// A source of the op: a state that the test fills.
struct Operand {
  TensorInfo info;
  std::vector<double> nchw;      // numbers of float32, or of info.dtype in the order N C H W whatever the layout, or
  std::vector<std::byte> table;  // the memory of a table as it is
  bool wanted = true;            // is there a gradient with respect to it?
};

Operand channels_last(const Shape& shape, std::vector<double> nchw);
Operand planar(const Shape& shape, std::vector<double> nchw);
// The same in bfloat16, its numbers rounded.
Operand in_bf16(Operand operand);
std::vector<double> rounded_to_bf16(const std::vector<double>& numbers);
// A value that has no gradient.
Operand fixed(Operand operand);
// Rows of structs or numbers that an op reads as they are.
template <class Row>
Operand table(const TensorInfo& info, const std::vector<Row>& rows) {
  const auto bytes = std::as_bytes(std::span<const Row>(rows));
  return {info, {}, {bytes.begin(), bytes.end()}, false};
}

// Random numbers in [low, high] that float32 holds exactly, multiples of 2^-10.
std::vector<double> random_numbers(int64_t count, unsigned seed, double low = -2, double high = 2);
// Random whole numbers in [low, high]: sums of their products are exact in float32 whatever the order.
std::vector<double> random_integers(int64_t count, unsigned seed, int low = -4, int high = 4);
// `count` different numbers in random order, `spacing` apart and none nearer to 0 than half of it: no ties and no kinks nearby.
std::vector<double> distinct_numbers(int64_t count, unsigned seed, double spacing = 0.0625);

class OpHarness {
 public:
  // `outputs` are the op's float32 outputs that can be read, the first of which carries the cotangent. An op that is an
  // objective carries none: its gradient is that of the sum of its values.
  OpHarness(std::shared_ptr<const Op> op, std::vector<Operand> operands, int threads = 2, size_t outputs = 1);
  // The same of several ops that `build` appends, given the operands; it returns the outputs.
  using Build = std::function<std::vector<ValueId>(Graph&, const std::vector<ValueId>&)>;
  OpHarness(const Build& build, bool objective, std::vector<Operand> operands, int threads = 2, size_t outputs = 1);

  [[nodiscard]] const Shape& dst() const { return dst_; }

  // The first output (or any other) for the operands as they are.
  [[nodiscard]] std::vector<double> forward(size_t output = 0);
  // The gradient of sum(output * cotangent), the cotangent rounded to the output's type, with respect to each operand, in N C H W; empty for those without one.
  [[nodiscard]] std::vector<std::vector<double>> backward(const std::vector<double>& cotangent);

  // Changes the numbers of an operand.
  void set(size_t operand, const std::vector<double>& nchw);
  [[nodiscard]] const std::vector<Operand>& operands() const { return operands_; }

  // What the plan chose, a name per step.
  [[nodiscard]] std::vector<std::string> implementations() const;

  // <J v, w> = <v, J' w> for random v and w, to `tolerance` of |J v| |w|. J v is the central difference along v with step `step`:
  // exact for ops that are linear within a step of their source, so there the tolerance is that of the sums alone.
  ::testing::AssertionResult adjoint_identity(double tolerance, double step = 0.5, unsigned seed = 1);

  // Each partial derivative (at most `most` per operand, spread over it) of sum(output * w), w random, against the gradient, to
  // `tolerance` of the largest. Its own error is about 1e-7 |output| / step + step^2 times the third derivative.
  ::testing::AssertionResult central_differences(double tolerance, double step = 0.015625, size_t most = 200,
                                                 unsigned seed = 2);

 private:
  [[nodiscard]] std::vector<double> cotangent_for(unsigned seed) const;

  std::vector<Operand> operands_;
  Shape dst_;
  bool objective_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<States> states_;
  std::unique_ptr<Program> program_;
  std::vector<ValueId> outputs_;
  std::vector<ValueId> gradients_;  // by operand
  TensorInfo cotangent_info_;
};

}  // namespace phosphene::testing
