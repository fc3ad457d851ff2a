#include "runtime/launches/optimiser.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfOptimiserKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(OptimiserKernelProblems());
}

}  // namespace
}  // namespace phosphene
