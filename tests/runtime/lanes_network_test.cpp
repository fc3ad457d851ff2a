#include "runtime/launches/network.h"
#include "tests/runtime/lanes.h"

namespace phosphene {
namespace {

TEST(Lanes, SameBitsOfNetworkKernels) {
  lanes::expect_same_bits_at_every_width_and_in_any_partition(NetworkKernelProblems());
}

}  // namespace
}  // namespace phosphene
