#include "runtime/launches/penalty.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfPenaltyKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(PenaltyKernelProblems());
}

}  // namespace
}  // namespace phosphene
