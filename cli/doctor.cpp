// phosphene doctor: what this machine has, and what would compute here and why.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/help.h"
#include "cli/instruction_set.h"
#include "cli/streams.h"
#include "loaders/json_text.h"
#include "loaders/load_model.h"
#include "runtime/cache_folder.h"
#include "runtime/cpu/bf16_support.h"
#include "runtime/device_choice.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

using Findings = std::vector<std::pair<std::string, std::string>>;  // what, and in words

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  const std::string key = "model name";
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with(key) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "a CPU without a name";
}

std::string bytes_in_words(int64_t bytes) {
  constexpr int64_t kKilobyte = 1000, kMegabyte = 1'000'000, kGigabyte = 1'000'000'000;
  if (bytes >= kGigabyte) return fmt::format("{:.1f} GB", static_cast<double>(bytes) / kGigabyte);
  if (bytes >= kMegabyte) return fmt::format("{} MB", bytes / kMegabyte);
  return fmt::format("{} kB", bytes / kKilobyte);
}

// "32 kB, 512 kB, 32 MB": those of the levels that the system knows of.
std::string caches() {
  std::vector<std::string> sizes;
  for (const int level : {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE})
    if (const long bytes = sysconf(level); bytes > 0) sizes.push_back(bytes_in_words(bytes));
  return sizes.empty() ? "unknown" : fmt::format("{}", fmt::join(sizes, ", "));
}

std::string gpu() {
  try {
    const DeviceChoice choice = choose_device({.device = "cuda"});
    return fmt::format("{}, {} free", choice.backend->description(),
                       bytes_in_words(choice.backend->memory().available));
  } catch (const Error& error) {
    return fmt::format("none: {}", error.within());
  }
}

std::string automatic() {
  const DeviceChoice choice = choose_device({.device = "auto", .verbose = true});
  const std::string workers = choice.threads > 1 ? fmt::format(", {} workers", choice.threads) : "";
  return fmt::format("{}; {} images at a time{}", choice.note, choice.batch, workers);
}

std::string models() {
  const std::vector<std::string> paths = models_here();
  if (paths.empty()) return "none here; phosphene models lists those that can be had";
  std::set<std::string> names;  // one may lie in several folders
  for (const std::string& path : paths) names.insert(std::filesystem::path(path).stem().string());
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string photographs() {
  const char* assets = std::getenv("PHOSPHENE_ASSETS");
  if (assets == nullptr || *assets == '\0')
    return "$PHOSPHENE_ASSETS is not set: configs that name photographs want it";
  return std::filesystem::is_directory(std::filesystem::path(assets) / "photos")
             ? fmt::format("{}/photos", assets)
             : fmt::format("none: $PHOSPHENE_ASSETS is {}, which has no folder photos", assets);
}

Findings findings() {
  std::error_code error;
  const DeviceChoice cpu = choose_device({.device = "cpu"});
  const std::string features = cpu_features(), bf16 = refuse_bf16_on_cpu(), cache = cache_folder();
  return {{"phosphene",
           fmt::format("{}, {}", PHOSPHENE_VERSION, std::filesystem::read_symlink("/proc/self/exe", error).string())},
          {"cpu", fmt::format("{}, {} threads", processor(), cpu.threads)},
          {"features", features.empty() ? "unknown" : features},
          {"caches", caches()},
          {"memory", fmt::format("{} free", bytes_in_words(cpu.backend->memory().available))},
          {"library", cpu.backend->description()},
          {"bf16", bf16.empty() ? "on the CPU, by --precision bf16" : fmt::format("not on the CPU: {}", bf16)},
          {"gpu", gpu()},
          {"auto", automatic()},
          {"models", models()},
          {"photographs", photographs()},
          {"cache", cache.empty() ? "none: neither $PHOSPHENE_CACHE, $XDG_CACHE_HOME nor $HOME is set" : cache}};
}

}  // namespace

void add_doctor(CLI::App& command) {
  const auto json = std::make_shared<bool>(false);
  add_details(command, "Send what it prints along with a report of a fault.");
  command.add_flag("--json", *json, "as JSON");
  command.footer("Example:\n  phosphene doctor");
  command.callback([json] {
    const Findings found = findings();
    if (!*json) {
      for (const auto& [what, words] : found) print_result("{:<12} {}\n", what, printable(words, words.size()));
      return;
    }
    Json object = Json::object();
    for (const auto& [what, words] : found) object[what] = words;
    print_result("{}\n", json_text(object, 2));
  });
}

}  // namespace phosphene
