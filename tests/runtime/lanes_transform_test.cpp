#include "runtime/launches/transform.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfTransformKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(TransformKernelProblems());
}

}  // namespace
}  // namespace phosphene
