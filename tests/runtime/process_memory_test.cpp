#include "runtime/cpu/process_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// A folder with the files of /proc and /sys that matter.
class ProcessMemory : public ::testing::Test {
 protected:
  ProcessMemory() {
    std::string name = (fs::temp_directory_path() / "phosphene_memory_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = name;
    write("/proc/self/status",
          "Name:\tphosphene\nVmPeak:\t 900 kB\nVmSize:\t 800 kB\nVmHWM:\t 300 kB\nVmRSS:\t 200 kB\n");
    write("/proc/meminfo", "MemTotal:       4000 kB\nMemFree:        1000 kB\nMemAvailable:   3000 kB\n");
  }
  ~ProcessMemory() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  [[nodiscard]] MemoryUse memory() const { return process_memory(root_); }

  std::string root_;
};

TEST_F(ProcessMemory, OfAMachineWithoutLimits) {
  write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(memory().used, 200 * 1024);
  EXPECT_EQ(memory().peak, 300 * 1024);
  EXPECT_EQ(memory().available, 3000 * 1024);
}

TEST_F(ProcessMemory, OfACgroupOfVersion2AndThoseAbove) {
  write("/proc/self/cgroup", "0::/user/job\n");
  write("/sys/fs/cgroup/user/job/memory.max", "max\n");
  write("/sys/fs/cgroup/user/job/memory.current", "1000\n");
  write("/sys/fs/cgroup/user/memory.max", "50000\n");
  write("/sys/fs/cgroup/user/memory.current", "30000\n");
  EXPECT_EQ(memory().available, 20000);
  EXPECT_EQ(memory().limit, "the limit of a cgroup");
  write("/sys/fs/cgroup/user/memory.stat", "anon 7000\ninactive_file 4000\n");
  EXPECT_EQ(memory().available, 24000) << "page cache can be had";
}

TEST_F(ProcessMemory, OfACgroupOfVersion1WhosePathIsTheHosts) {
  write("/proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/docker/abc\n0::/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "10000\n");
  write("/sys/fs/cgroup/memory/memory.usage_in_bytes", "12000\n");
  EXPECT_EQ(memory().available, 0) << "more is used than is allowed";
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");  // how the kernel writes "none"
  EXPECT_EQ(memory().available, 3000 * 1024);
}

TEST(ProcessMemoryOfThisProcess, GrowsWithWhatIsTouched) {
  const MemoryUse before = process_memory();
  constexpr size_t kBytes = size_t{64} << 20;
  const std::vector<char> touched(kBytes, 1);
  EXPECT_GE(process_memory().used - before.used, static_cast<int64_t>(kBytes * 9 / 10)) << touched.back();
  EXPECT_GE(process_memory().peak, process_memory().used);
}

}  // namespace
}  // namespace phosphene
