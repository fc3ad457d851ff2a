// Who has which job of a run folder, whoever else works on it or has died over it.
#include "experiment/run/claims.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runtime/files.h"
#include "tests/support/compare.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing::claims_test {
namespace {

namespace fs = std::filesystem;

// The id of a process that has ended, and was waited for.
pid_t ended_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return child;
}

struct ClaimsTest : ::testing::Test {
  TemporaryFolder folder;
  RunProcess process{folder.path().string(), [] { return Json::object(); }};
  Claims claims{folder.path().string(), process};

  // Enters a process; returns its id.
  std::string enter(const std::string& id, const ProcessIdentity& identity) {
    write_file(process_file(id), Json({{"host", identity.host},
                                       {"space", identity.space},
                                       {"pid", identity.pid},
                                       {"clock_ticks_at_start", identity.started}})
                                     .dump());
    return id;
  }
  std::string alive() { return enter("alive-1", this_process()); }
  std::string dead() {
    ProcessIdentity identity = this_process();
    identity.pid = ended_process();
    return enter("dead-1", identity);
  }
  // Of another machine, whose last sign of life is so old.
  std::string elsewhere(std::chrono::seconds silence) {
    ProcessIdentity identity = this_process();
    identity.host = identity.space = "elsewhere";
    std::string id = enter("elsewhere-1", identity);
    age(process_file(id), silence);
    return id;
  }
  void age(const std::string& file, std::chrono::seconds by) {
    fs::last_write_time(file, fs::last_write_time(process.file()) - by);
  }
  std::string process_file(const std::string& id) const { return folder.file("processes/" + id + ".json"); }
  std::string claim(int number) const { return folder.file("claims/a." + std::to_string(number) + ".claim"); }
  void hold(int number, const std::string& id) { write_file(claim(number), id); }
  std::vector<int> numbers() const {
    std::vector<int> there;
    for (int number = 1; number < 5; ++number)
      if (fs::exists(claim(number))) there.push_back(number);
    return there;
  }
};

using Numbers = std::vector<int>;

TEST_F(ClaimsTest, AFreeJobIsTakenAndGivenBack) {
  EXPECT_TRUE(claims.take("a"));
  EXPECT_EQ(contents_of(claim(1)), process.id());
  EXPECT_TRUE(claims.take("b"));
  claims.give_back("a", false);
  EXPECT_EQ(numbers(), Numbers{});
  EXPECT_TRUE(claims.take("a"));
}

TEST_F(ClaimsTest, AJobOfAProcessThatIsAliveIsNot) {
  hold(1, alive());
  EXPECT_FALSE(claims.take("a"));
  EXPECT_EQ(numbers(), Numbers{1});
}

TEST_F(ClaimsTest, ADeadProcessIsFollowed) {
  hold(1, dead());
  EXPECT_TRUE(claims.take("a"));
  EXPECT_EQ(numbers(), (Numbers{1, 2}));
  claims.give_back("a", false);
  EXPECT_EQ(numbers(), Numbers{1}) << "it is still to be seen that somebody died over it";
  EXPECT_TRUE(claims.take("a"));
  claims.give_back("a", true);
  EXPECT_EQ(numbers(), Numbers{});
}

TEST_F(ClaimsTest, AProcessWithoutAFileIsDead) {
  hold(1, "never-entered-1");
  EXPECT_TRUE(claims.take("a"));
}

TEST_F(ClaimsTest, ThatIdsAreUsedAgainIsSeen) {
  ProcessIdentity another = this_process();
  ++another.started;
  hold(1, enter("before-1", another));
  EXPECT_TRUE(claims.take("a"));
}

TEST_F(ClaimsTest, OfAnotherMachineTheHeartbeatCounts) {
  hold(1, elsewhere(ProcessList::kSilence));
  EXPECT_FALSE(claims.take("a"));
  elsewhere(ProcessList::kSilence + std::chrono::seconds(1));
  EXPECT_TRUE(claims.take("a"));
}

TEST_F(ClaimsTest, OneThatIsJustBeingWrittenIsHeld) {
  hold(1, "");
  EXPECT_FALSE(claims.take("a"));
  age(claim(1), ProcessList::kSilence + std::chrono::seconds(1));
  EXPECT_TRUE(claims.take("a"));
}

// Two processes found the job's owner dead; one took over and the other, late, finds the first number free again.
TEST_F(ClaimsTest, WhoComesLateGivesUp) {
  hold(2, alive());
  EXPECT_FALSE(claims.take("a"));
  EXPECT_EQ(numbers(), Numbers{2});
}

TEST_F(ClaimsTest, AreTakenOnceHoweverManyTry) {
  constexpr int kThreads = 8;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back([&] { taken += claims.take("a") ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(numbers(), Numbers{1});
}

TEST_F(ClaimsTest, OfTheDeadAreSweptUp) {
  hold(1, dead());
  hold(2, alive());
  write_file(folder.file("claims/b.1.claim"), "dead-1");
  EXPECT_EQ(claims.sweep(), std::vector<std::string>{"alive-1"});
  EXPECT_EQ(numbers(), Numbers{2});
  EXPECT_FALSE(fs::exists(folder.file("claims/b.1.claim")));
  process.forget_dead({"alive-1"});
  EXPECT_FALSE(fs::exists(process_file("dead-1")));
  EXPECT_TRUE(fs::exists(process_file("alive-1")));
  EXPECT_TRUE(fs::exists(process.file()));
}

TEST_F(ClaimsTest, TheFolderMayBeRemovedByWhoIsLast) {
  EXPECT_EQ(claims.sweep(), std::vector<std::string>{});
  EXPECT_FALSE(fs::exists(folder.file("claims")));
  EXPECT_TRUE(claims.take("a"));
}

TEST_F(ClaimsTest, AProcessTellsOfItsWorkAndLeavesNothing) {
  const TemporaryFolder other;
  {
    const RunProcess one(other.path().string(), [] { return Json({{"images_made", 3}}); });
    const Json report = ProcessList(other.path().string()).report(one.id());
    EXPECT_EQ(report["images_made"], 3);
    EXPECT_EQ(report["pid"], getpid());
    EXPECT_FALSE(one.has_company());
  }
  EXPECT_FALSE(fs::exists(other.file("processes")));
  alive();
  EXPECT_TRUE(process.has_company());
}

}  // namespace
}  // namespace phosphene::testing::claims_test
