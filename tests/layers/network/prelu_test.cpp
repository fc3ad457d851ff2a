#include "layers/network/prelu.h"

#include <limits>

#include "runtime/error.h"
#include "tests/layers/network/oracles.h"
#include "tests/reference/activation_ops.h"

namespace phosphene::prelu_test {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the oracles

const Shape kShape{2, 37, 5, 3};  // a full chunk of channels, and a tail

Weights slopes_of(const std::vector<double>& numbers) {
  return Weights::from({numbers.begin(), numbers.end()}, {std::ssize(numbers)});
}

OpHarness harness_of(const Tensor& src, const Weights& slopes, int threads = 2) {
  const auto op = std::make_shared<PRelu>(slopes);
  const auto build = [op](Graph& graph, const std::vector<ValueId>& operands) {
    const ValueId numbers = op->append_slopes(graph, graph.shape(operands[0]).c, "op");
    return std::vector<ValueId>{graph.append(op, {operands[0], numbers}, "op")};
  };
  return {build, false, {channels_last(src.shape, src.data)}, threads};
}

// Integers, zeros among them, where the slope counts. Slopes may be negative.
TEST(PRelu, EqualsNaiveLoopsExactly) {
  const Tensor cotangent = integer_tensor(kShape, 3);
  for (const Weights& slopes : {slopes_of(random_integers(kShape.c, 2)), slopes_of({-3}), slopes_of({0})}) {
    const Tensor src = integer_tensor(kShape, 1);
    OpHarness harness = harness_of(src, slopes);
    EXPECT_TRUE(same_numbers(harness.forward(), reference::prelu(src, slopes).data));
    EXPECT_TRUE(
        same_numbers(harness.backward(cotangent.data)[0], reference::prelu_backward(cotangent, src, slopes).data));
  }
}

// No source lies within 1/32 of the kink, so steps of at most 1/64 stay on one side and the op is linear there. The products of a
// difference of outputs up to 70 round by 70 eps over a step of 1/32, 1.4e-4, of gradients up to 4.
TEST(PRelu, GradientIsTheAdjointAndTheDifference) {
  OpHarness harness = harness_of(distinct_tensor(kShape, 3), slopes_of(random_numbers(kShape.c, 4)));
  EXPECT_TRUE(harness.adjoint_identity(1e-5, 0x1p-6));
  EXPECT_TRUE(harness.central_differences(1.4e-4, 0x1p-6));
}

TEST(PRelu, DoesNotDependOnThreadsOrBatch) {
  const Tensor src = random_tensor(kShape, 5), cotangent = random_tensor(kShape, 6);
  const Weights slopes = slopes_of(random_numbers(kShape.c, 7));
  OpHarness together = harness_of(src, slopes, 3);
  const std::vector<double> dst = together.forward(), gradient = together.backward(cotangent.data)[0];
  const auto half = std::ssize(dst) / 2;
  for (int64_t n = 0; n < 2; ++n) {
    const auto image = [&](const std::vector<double>& all) {
      return std::vector<double>(all.begin() + n * half, all.begin() + (n + 1) * half);
    };
    OpHarness alone = harness_of({{1, kShape.c, kShape.h, kShape.w}, image(src.data)}, slopes, 1);
    EXPECT_EQ(alone.forward(), image(dst));
    EXPECT_EQ(alone.backward(image(cotangent.data))[0], image(gradient));
  }
}

// One product each.
TEST(PRelu, EqualsPyTorch) {
  const nlohmann::json table = golden_table("activations");
  const Array src = to_array(table.at("inputs").at("input"));
  int cases = 0;
  for (const nlohmann::json& golden : table.at("cases")) {
    if (golden.at("kind") != "prelu") continue;
    OpHarness harness = harness_of({src.shape(), src.data}, slopes_of(golden.at("slopes").get<std::vector<double>>()));
    EXPECT_TRUE(near_largest(harness.forward(), to_array(golden.at("output")).data, 2 * 0x1p-24));
    EXPECT_TRUE(near_largest(harness.backward(to_array(table.at("cotangent")).data)[0],
                             to_array(golden.at("gradients").at("input")).data, 2 * 0x1p-24));
    ++cases;
  }
  EXPECT_EQ(cases, 2);
}

TEST(PRelu, RefusesSlopesThatDoNotFit) {
  EXPECT_THROW(PRelu(Weights{}), Error);
  EXPECT_THROW(PRelu(slopes_of({1, std::numeric_limits<double>::quiet_NaN()})), Error);
  EXPECT_THROW(harness_of(random_tensor(kShape, 1), slopes_of({1, 2})), Error);
}

}  // namespace
}  // namespace phosphene::prelu_test
