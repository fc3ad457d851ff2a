#include "runtime/launches/diversity.h"
#include "runtime/launches/objective.h"
#include "runtime/launches/style.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfObjectiveKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(ObjectiveKernelProblems());
}

}  // namespace
}  // namespace phosphene
