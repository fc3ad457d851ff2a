#include "cli/spinning.h"

#include <unistd.h>

#include <cstdlib>

namespace phosphene {

void stop_spinning(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  // Some 10 us: long enough to bridge two kernels, too short to disturb anyone.
  if (setenv("GOMP_SPINCOUNT", "10000", 0) != 0) return;
  execv("/proc/self/exe", argv);  // returns only if it fails; then everything works, but slower beside other processes
}

}  // namespace phosphene
