#include "cli/spinning.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace phosphene {

void stop_spinning(char** argv) {
  prctl(PR_SET_NAME, program_invocation_short_name);  // which execv below made "exe"
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  // Some 10 us: long enough to bridge two kernels, too short to disturb anyone.
  if (setenv("GOMP_SPINCOUNT", "10000", 0) != 0) return;
  execv("/proc/self/exe", argv);  // returns only if it fails; then everything works, but slower beside other processes
}

}  // namespace phosphene
