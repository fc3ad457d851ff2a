#include "runtime/launches/activation.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfActivationKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(ActivationKernelProblems());
}

}  // namespace
}  // namespace phosphene
