#include "runtime/cpu/process_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

namespace phosphene {
namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max() / 2;

// A file of lines "name: number unit" or "name number", in its unit.
std::map<std::string, int64_t> read_numbers(const std::string& path) {
  std::map<std::string, int64_t> numbers;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t number = 0;
    if (words >> name >> number) numbers[name.substr(0, name.find(':'))] = number;
  }
  return numbers;
}

// The number in a file; kUnlimited where there is none ("max"), or no file.
int64_t read_number(const std::string& path) {
  std::ifstream file(path);
  int64_t number = 0;
  return file >> number ? std::min(number, kUnlimited) : kUnlimited;
}

struct CgroupFiles {
  const char *mount, *limit, *usage, *cache;
};
constexpr CgroupFiles kVersion1{"/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                "total_inactive_file"};
constexpr CgroupFiles kVersion2{"/sys/fs/cgroup", "/memory.max", "/memory.current", "inactive_file"};

// What is left in the cgroup `path` and all above it. In a container the path may be the host's: then only the mount's root is there.
int64_t left_in_cgroup(const std::string& root, const CgroupFiles& files, std::string path) {
  int64_t left = kUnlimited;
  for (;;) {
    const std::string folder = root + files.mount + path;
    const int64_t limit = read_number(folder + files.limit), usage = read_number(folder + files.usage);
    if (limit < kUnlimited && usage < kUnlimited) {
      const int64_t cache = read_numbers(folder + "/memory.stat")[files.cache];
      left = std::min(left, limit - usage + std::min(cache, usage));
    }
    if (path.empty()) return left;
    path.erase(path.rfind('/'));
  }
}

// /proc/self/cgroup has lines ID:CONTROLLERS:PATH; version 2 names no controllers.
int64_t left_in_cgroups(const std::string& root) {
  int64_t left = kUnlimited;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (path.empty() || path[0] != '/' || path == "/") path.clear();
    if (controllers.empty()) left = std::min(left, left_in_cgroup(root, kVersion2, path));
    if (controllers == "memory") left = std::min(left, left_in_cgroup(root, kVersion1, path));
  }
  return left;
}

int64_t left_of(decltype(RLIMIT_AS) resource, int64_t used) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  return static_cast<int64_t>(std::min<rlim_t>(limit.rlim_cur, kUnlimited)) - used;
}

}  // namespace

MemoryUse process_memory(const std::string& root) {
  constexpr int64_t kKilobyte = 1024;
  std::map<std::string, int64_t> status = read_numbers(root + "/proc/self/status");
  std::map<std::string, int64_t> machine = read_numbers(root + "/proc/meminfo");
  MemoryUse memory{status["VmRSS"] * kKilobyte, status["VmHWM"] * kKilobyte, kUnlimited, "no limit is known"};
  const auto limit = [&memory](int64_t bytes, const char* name) {
    if (bytes >= memory.available) return;
    memory.available = std::max<int64_t>(0, bytes);
    memory.limit = name;
  };
  if (machine.contains("MemAvailable")) limit(machine["MemAvailable"] * kKilobyte, "all that the machine has");
  limit(left_in_cgroups(root), "the limit of a cgroup");
  limit(left_of(RLIMIT_AS, status["VmSize"] * kKilobyte), "the limit of ulimit -v");
  limit(left_of(RLIMIT_DATA, status["VmData"] * kKilobyte), "the limit of ulimit -d");
  return memory;
}

}  // namespace phosphene
