#include "runtime/launches/image.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfImageKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(ImageKernelProblems());
}

}  // namespace
}  // namespace phosphene
