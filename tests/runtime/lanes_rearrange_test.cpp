#include "runtime/launches/rearrange.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfRearrangeKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(RearrangeKernelProblems());
}

}  // namespace
}  // namespace phosphene
