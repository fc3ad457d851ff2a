#include "runtime/process_identity.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace phosphene {
namespace {

TEST(ProcessIdentity, ThisOneIsAlive) {
  const ProcessIdentity self = this_process();
  EXPECT_EQ(self.pid, getpid());
  EXPECT_FALSE(self.host.empty());
  EXPECT_GT(self.started, 0U);
  EXPECT_EQ(liveness(self), Liveness::alive);
}

TEST(ProcessIdentity, AnIdThatIsUsedAgainIsAnotherProcess) {
  ProcessIdentity before = this_process();
  --before.started;
  EXPECT_EQ(liveness(before), Liveness::dead);
}

TEST(ProcessIdentity, OneOfAnotherKernelOrContainerIsUnknown) {
  ProcessIdentity other = this_process();
  other.space += "1";
  EXPECT_EQ(liveness(other), Liveness::unknown);
}

// A process that was killed is dead before anybody has waited for it.
TEST(ProcessIdentity, AKilledOneIsDead) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  ProcessIdentity identity = this_process();
  identity.pid = child;
  kill(child, SIGKILL);
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  EXPECT_EQ(liveness(identity), Liveness::dead) << "a zombie";
  waitpid(child, nullptr, 0);
  EXPECT_EQ(liveness(identity), Liveness::dead);
}

}  // namespace
}  // namespace phosphene
