#include "runtime/launches/arithmetic.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfArithmeticKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(ArithmeticKernelProblems());
}

}  // namespace
}  // namespace phosphene
