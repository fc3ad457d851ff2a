// Every node here is made in a folder of the test's own.
#include "runtime/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <sstream>
#include <thread>
#include <vector>

#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

std::string contents_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "phosphene_files_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~Files() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  void put(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }
  [[nodiscard]] mode_t mode_of(const std::string& name) const { return status_of(name).st_mode; }
  [[nodiscard]] struct stat status_of(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(lstat(file(name).c_str(), &status), 0) << name;
    return status;
  }
  // All that is in the folder: no temporary file may be.
  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) names.insert(entry.path().filename());
    return names;
  }
  // That writing there throws the user's Error, in one line with the path and `word`, and leaves the folder as it was.
  void expect_refusal(const std::string& path, const std::string& word) const {
    const std::set<std::string> before = names();
    try {
      write_file(path, "new");
      ADD_FAILURE() << path << " was written";
    } catch (const Error& error) {
      const std::string what = error.what();
      EXPECT_EQ(error.blame(), Blame::user);
      EXPECT_TRUE(what.starts_with(path)) << what;
      EXPECT_NE(what.find(word), std::string::npos) << what;
      EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    }
    EXPECT_EQ(names(), before);
  }

  fs::path folder_;
};

TEST_F(Files, ANewFileHasItsContentsAndTheModeOfTheUmask) {
  const mode_t before = umask(027);
  write_file(file("a"), std::string("one\0two", 7));
  umask(before);
  EXPECT_EQ(contents_of(file("a")), std::string("one\0two", 7));
  EXPECT_EQ(mode_of("a") & 0777, 0640U);
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

// As a signal handler does before it ends the program.
TEST_F(Files, TemporaryFilesCanBeRemovedWithoutTheirOwners) {
  {
    put("b", "old");
    NewFile a(file("a")), b(file("b")), done(file("c"));
    done.commit();
    a.write(std::as_bytes(std::span("half")));
    EXPECT_EQ(names().size(), 4U) << "two of them temporary";
    remove_temporaries();
    EXPECT_EQ(names(), (std::set<std::string>{"b", "c"}));
  }
  EXPECT_EQ(contents_of(file("b")), "old");
  for (int i = 0; i < 100; ++i) write_file(file("a"), "new");  // each takes a place in the list and gives it back
  NewFile late(file("late"));
  remove_temporaries();
  EXPECT_EQ(names(), (std::set<std::string>{"a", "b", "c"}));
}

// A full pipe that nobody reads on from: the signal's request to stop ends the wait.
TEST_F(Files, ARequestToStopEndsTheWaitForAFullPipe) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  const int reader = open(file("pipe").c_str(), O_RDONLY | O_NONBLOCK);
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) { stop_flag = true; };
  sigaction(SIGALRM, &action, &before);
  NewFile pipe(file("pipe"));
  alarm(1);
  const std::vector<std::byte> more(size_t{1} << 20);
  EXPECT_THROW(pipe.write(more), Stopped);
  stop_flag = false;
  sigaction(SIGALRM, &before, nullptr);
  close(reader);
}

TEST_F(Files, AnOldFileKeepsItsModeAndIsReplacedWhole) {
  put("a", "a text that is longer than the new one");
  chmod(file("a").c_str(), 0600);
  const std::ifstream open_before(file("a"));
  write_file(file("a"), "new");
  EXPECT_EQ(contents_of(file("a")), "new");
  EXPECT_EQ(mode_of("a") & 0777, 0600U);
  std::ostringstream old;
  old << open_before.rdbuf();
  EXPECT_EQ(old.str(), "a text that is longer than the new one") << "a reader's file was cut under it";
}

TEST_F(Files, AnOldFileKeepsItsOwner) {
  put("a", "old");
  if (chown(file("a").c_str(), 12345, 12346) != 0) GTEST_SKIP() << "only root can give a file away";
  write_file(file("a"), "new");
  EXPECT_EQ(status_of("a").st_uid, 12345U);
  EXPECT_EQ(status_of("a").st_gid, 12346U);
}

TEST_F(Files, WhatIsNotCommittedNeverWas) {
  put("a", "old");
  {
    NewFile pending(file("a"));
    pending.write(std::as_bytes(std::span(std::string_view("half"))));
    EXPECT_EQ(names().size(), 2U);
    EXPECT_EQ(contents_of(file("a")), "old");
  }
  EXPECT_EQ(contents_of(file("a")), "old");
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(Files, TwoWritersOfOneFileDoNotShareATemporaryName) {
  NewFile first(file("a")), second(file("a"));
  first.write(std::as_bytes(std::span(std::string_view("first"))));
  second.write(std::as_bytes(std::span(std::string_view("2nd"))));
  second.commit();
  EXPECT_EQ(contents_of(file("a")), "2nd");
  first.commit();
  EXPECT_EQ(contents_of(file("a")), "first");
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  put("a", "old");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{100, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file(file("a"), std::string(1000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(contents_of(file("a")), "old");
  EXPECT_EQ(names(), std::set<std::string>{"a"});
}

TEST_F(Files, LinksAreWrittenThrough) {
  fs::create_directory(folder_ / "below");
  put("below/target", "old");
  fs::create_symlink("below/target", folder_ / "link");  // read from the link's folder
  fs::create_symlink(folder_ / "link", folder_ / "chain");
  fs::create_symlink("below/none yet", folder_ / "dangling");
  write_file(file("chain"), "new");
  write_file(file("dangling"), "made");
  EXPECT_EQ(contents_of(file("below/target")), "new");
  EXPECT_EQ(contents_of(file("below/none yet")), "made");
  for (const char* link : {"link", "chain", "dangling"}) EXPECT_TRUE(fs::is_symlink(folder_ / link)) << link;
}

TEST_F(Files, LinksThatLeadNowhereAreRefused) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  fs::create_symlink("no/folder", folder_ / "c");
  expect_refusal(file("a"), "cannot be written");
  expect_refusal(file("c"), "No such file");
}

TEST_F(Files, APipeIsStreamedInto) {
  ASSERT_EQ(mkfifo(file("pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", folder_ / "link");
  for (const char* name : {"pipe", "link"}) {
    std::string read;
    std::thread reader([&] { read = contents_of(file("pipe")); });
    write_file(file(name), std::string(300000, 'x'));  // more than a pipe holds
    reader.join();
    EXPECT_EQ(read, std::string(300000, 'x')) << name;
  }
  EXPECT_TRUE(S_ISFIFO(mode_of("pipe")));
  EXPECT_EQ(names(), (std::set<std::string>{"pipe", "link"}));
}

// Of its own: 1:3 takes everything, 1:7 is always full.
TEST_F(Files, ADeviceIsStreamedIntoAndStays) {
  if (mknod(file("null").c_str(), S_IFCHR | 0666, makedev(1, 3)) != 0 ||
      mknod(file("full").c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0)
    GTEST_SKIP() << "a device node cannot be made here: " << std::strerror(errno);
  if (const int opened = open(file("null").c_str(), O_WRONLY); opened < 0)
    GTEST_SKIP() << "a device node cannot be opened here: " << std::strerror(errno);
  else
    close(opened);
  write_file(file("null"), "new");
  expect_refusal(file("full"), "No space left");
  EXPECT_TRUE(S_ISCHR(mode_of("null")));
  EXPECT_TRUE(S_ISCHR(mode_of("full")));
}

TEST_F(Files, FoldersAndSocketsAreRefused) {
  fs::create_directory(folder_ / "folder");
  expect_refusal(file("folder"), "it is a folder");
  const int made = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, ""};
  ASSERT_LT(file("socket").size(), sizeof(address.sun_path));
  std::strncpy(address.sun_path, file("socket").c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  expect_refusal(file("socket"), "it is a socket");
  close(made);
}

TEST_F(Files, AFileThatMayNotBeWrittenIsRefused) {
  put("a", "old");
  chmod(file("a").c_str(), 0444);
  if (access(file("a").c_str(), W_OK) == 0) GTEST_SKIP() << "root may write everything";
  expect_refusal(file("a"), "Permission denied");
}

TEST_F(Files, AMissingFolderAndAMissingNameAreRefused) {
  expect_refusal(file("none/a"), "No such file");
  try {
    write_file("", "new");
    ADD_FAILURE() << "a file without a name was written";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "a file without a name cannot be written");
  }
}

// As after `> file`: what follows on the descriptor stands behind it.
TEST_F(Files, ADescriptorOfOursIsSharedNotReplaced) {
  const int opened = open(file("a").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(opened, 0);
  const ino_t before = status_of("a").st_ino;
  ASSERT_EQ(write(opened, "one ", 4), 4);
  write_file("/dev/fd/" + std::to_string(opened), "two ");
  ASSERT_EQ(write(opened, "three", 5), 5);
  close(opened);
  EXPECT_EQ(contents_of(file("a")), "one two three");
  EXPECT_EQ(status_of("a").st_ino, before);
}

TEST_F(Files, ANewFileIsMadeByOneOfMany) {
  const std::string path = file("new");
  std::atomic<int> made = 0, created = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string contents(1000, static_cast<char>('a' + thread));
      made += write_new_file(path, contents) ? 1 : 0;
      created += create_file(file("created"), contents) == Created::yes ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(created, 1);
  for (const char* name : {"new", "created"}) {
    const std::string contents = contents_of(file(name));
    EXPECT_EQ(contents, std::string(1000, contents[0]));
  }
  EXPECT_EQ(names(), (std::set<std::string>{"new", "created"})) << "no temporary file";
  EXPECT_EQ(create_file(path, ""), Created::exists);
  EXPECT_EQ(create_file(file("none/new"), ""), Created::no_folder);
}

TEST_F(Files, TheirEndsAreSeen) {
  write_file(file("text"), "one\ntwo\n");
  EXPECT_TRUE(file_ends_with(file("text"), "two\n"));
  EXPECT_FALSE(file_ends_with(file("text"), "one\n"));
  EXPECT_FALSE(file_ends_with(file("text"), "longer than the file\n"));
  EXPECT_FALSE(file_ends_with(file("none"), ""));
}

TEST_F(Files, ALogGrows) {
  append_to_file(file("log"), "one\n");
  append_to_file(file("log"), "two\n");
  EXPECT_EQ(contents_of(file("log")), "one\ntwo\n");
  EXPECT_THROW(append_to_file(file("none/log"), "one\n"), Error);
}

TEST_F(Files, FoldersAreMadeWithThoseAbove) {
  make_folder(file("a/b/c"));
  make_folder(file("a/b/c"));
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b/c"));
  put("d", "a file");
  EXPECT_THROW(make_folder(file("d/e")), Error);
}

}  // namespace
}  // namespace phosphene
