#include "experiment/run/run_processes.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "runtime/file_names.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReportEnding = ".json";

// Tells all processes apart that ever worked on the folder.
std::string id_of(const ProcessIdentity& process) {
  return as_whole_file_name(fmt::format("{}-{}", as_file_name(process.host), process.pid)) + "-" +
         short_hash(fmt::format("{} {} {}", process.host, process.space, process.started));
}

Json to_json(const ProcessIdentity& process) {
  return {{"host", process.host},
          {"space", process.space},
          {"pid", process.pid},
          {"clock_ticks_at_start", process.started}};
}

std::optional<ProcessIdentity> identity_from(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  try {
    return ProcessIdentity{json.at("host").get<std::string>(), json.at("space").get<std::string>(),
                           json.at("pid").get<int64_t>(), json.at("clock_ticks_at_start").get<uint64_t>()};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

// A thread that no signal may wake: they are for the threads that wait for something.
std::thread without_signals(const std::function<void()>& body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(body);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

bool is_silent(const std::string& file, fs::file_time_type now) {
  std::error_code error;
  const fs::file_time_type last = fs::last_write_time(file, error);
  return error || now - last > ProcessList::kSilence;
}

std::vector<std::string> ProcessList::ids() const {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.ends_with(kReportEnding) && !name.starts_with('.'))
      ids.push_back(name.substr(0, name.size() - kReportEnding.size()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Json ProcessList::report(const std::string& id) const {
  try {
    return read_json(file(id));
  } catch (const std::exception&) {  // gone, or of no process
    return nullptr;
  }
}

bool ProcessList::is_alive(const std::string& id, fs::file_time_type now) const {
  std::error_code error;
  if (!fs::exists(file(id), error)) return false;
  const std::optional<ProcessIdentity> process = identity_from(report(id));
  const Liveness known = process ? liveness(*process) : Liveness::unknown;
  return known == Liveness::unknown ? !is_silent(file(id), now) : known == Liveness::alive;
}

RunProcess::RunProcess(const std::string& folder, std::function<Json()> work)
    : list_(folder), work_(std::move(work)), identity_(this_process()), id_(id_of(identity_)), file_(list_.file(id_)) {
  make_folder(list_.folder());
  remove_leftovers(list_.folder());
  write();
  heart_ = without_signals([this] { beat(); });
}

RunProcess::~RunProcess() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  wake_.notify_all();
  heart_.join();
  std::error_code error;
  fs::remove(file_, error);
  fs::remove(list_.folder(), error);  // where it is empty
}

void RunProcess::write() const {
  Json report = to_json(identity_);
  report.update(work_());
  write_file(file_, json_text(report, 2) + "\n");
}

void RunProcess::beat() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kBeat, [this] { return ends_; })) {
    try {
      write();
    } catch (const std::exception&) {  // a full disk stops those who write pictures, and tells them
    }
  }
}

// Where it cannot be told nobody is silent.
fs::file_time_type RunProcess::last_beat() const {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(file_, error);
  return error ? fs::file_time_type::min() : time;
}

bool RunProcess::has_company() const {
  const std::vector<std::string> ids = list_.ids();
  return std::any_of(ids.begin(), ids.end(), [this](const std::string& id) { return id != id_ && is_alive(id); });
}

void RunProcess::forget_dead(const std::vector<std::string>& needed) const {
  for (const std::string& id : list_.ids()) {
    std::error_code error;
    if (!is_alive(id) && std::find(needed.begin(), needed.end(), id) == needed.end()) fs::remove(list_.file(id), error);
  }
}

}  // namespace phosphene
