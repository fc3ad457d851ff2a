#include "runtime/cpu/autotune.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>

#include "runtime/cache_folder.h"
#include "runtime/cpu/onednn_version.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// "GenuineIntel family 6 model 143 Intel(R) Xeon(R) ..., oneDNN 2.6.3": what a measurement is good for.
std::string this_machine() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string machine, line;
  while (std::getline(cpuinfo, line) && !line.empty()) {
    for (const char* key : {"vendor_id", "cpu family", "model\t", "model name"}) {
      const size_t colon = line.find(": ");
      if (line.starts_with(key) && colon != std::string::npos) machine += line.substr(colon + 2) + " ";
    }
  }
  std::replace(machine.begin(), machine.end(), '\t', ' ');
  return machine + onednn_version();
}

// The file's lines are "machine <tab> problem <tab> way".
struct Line {
  std::string machine, problem, way;
};

std::vector<Line> read_lines(const std::string& file) {
  std::ifstream stream(file);
  std::vector<Line> lines;
  for (std::string text; std::getline(stream, text);) {
    const size_t first = text.find('\t'), second = text.find('\t', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;  // damaged: measured anew
    lines.push_back({text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1)});
  }
  return lines;
}

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Buffer = std::unique_ptr<std::byte, Free>;

Buffer buffer(int64_t bytes) {
  const size_t rounded = (static_cast<size_t>(std::max<int64_t>(bytes, 1)) + 63) / 64 * 64;
  Buffer memory(static_cast<std::byte*>(std::aligned_alloc(64, rounded)));
  if (memory == nullptr) fail("--autotune", "cannot allocate {} MB", bytes >> 20);
  std::fill_n(memory.get(), rounded, std::byte{0x3C});  // a small number, in float32 and bfloat16 alike
  return memory;
}

}  // namespace

Autotune::Autotune(ImplementationChoices fixed, std::string file) : fixed_(std::move(fixed)), file_(std::move(file)) {
  const std::string machine = this_machine();
  for (const Line& line : read_lines(file_))
    if (line.machine == machine) remembered_.emplace(line.problem, line.way);
}

std::string Autotune::default_file() {
  const std::string folder = cache_folder();
  return folder.empty() ? "" : folder + "/convolutions.tsv";
}

std::string Autotune::known(const std::string& problem, std::span<const std::string> possible) const {
  const auto is_possible = [&](const std::string& way) {
    return std::find(possible.begin(), possible.end(), way) != possible.end();
  };
  const std::lock_guard lock(mutex_);
  if (const auto fixed = fixed_.find(problem); fixed != fixed_.end()) {
    if (!is_possible(fixed->second))
      fail("--autotune", "this run computed '{}' with '{}', which this machine cannot do; choose another folder",
           problem, fixed->second);
    return used_[problem] = fixed->second;
  }
  const auto found = remembered_.find(problem);
  if (found == remembered_.end() || !is_possible(found->second)) return "";  // damaged: measured anew
  return used_[problem] = found->second;
}

// What others have written meanwhile is kept.
void Autotune::choose(const std::string& problem, const std::string& way) {
  const std::lock_guard lock(mutex_);
  remembered_[problem] = used_[problem] = way;
  if (file_.empty()) return;
  const std::string machine = this_machine();
  std::string text;
  for (const Line& line : read_lines(file_))
    if (line.machine != machine || line.problem != problem)
      text += fmt::format("{}\t{}\t{}\n", line.machine, line.problem, line.way);
  write_cache_file(file_, text + fmt::format("{}\t{}\t{}\n", machine, problem, way));
}

ImplementationChoices Autotune::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::vector<double> seconds_of(std::span<PlannedTask> planned, std::span<const int64_t> operand_bytes, bool in_place) {
  std::vector<Buffer> memories;
  std::vector<std::byte*> operands;
  for (size_t i = 0; i < operand_bytes.size(); ++i) {
    if (!in_place || i + 1 < operand_bytes.size()) memories.push_back(buffer(operand_bytes[i]));
    operands.push_back(memories.back().get());
  }
  int64_t most = 0;
  for (const PlannedTask& task : planned) most = std::max(most, task.workspace_bytes);
  const Buffer workspace = buffer(most);
  for (PlannedTask& task : planned) task.task->bind(operands, workspace.get());

  constexpr int kRounds = 6;  // the first of them warms up
  std::vector<double> seconds(planned.size(), std::numeric_limits<double>::infinity());
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < planned.size(); ++i) {
      stop_if_requested();
      const auto start = std::chrono::steady_clock::now();
      planned[i].task->run();
      const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (round > 0) seconds[i] = std::min(seconds[i], taken);
    }
  }
  return seconds;
}

}  // namespace phosphene
