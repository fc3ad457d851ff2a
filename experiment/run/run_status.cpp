#include "experiment/run/run_status.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/run/run_processes.h"
#include "loaders/json_reader.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

void count_records(const std::string& folder, RunStatus& status) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(".json")) continue;
    ++(name.ends_with(".stopped.json") ? status.given_up : status.finished);
  }
  if (error) fail(folder, "cannot be read ({})", error.message());
}

RunStatus::Process process_from(const std::string& id, const Json& report, bool alive) {
  RunStatus::Process process;
  process.id = id;
  process.alive = alive;
  if (!report.is_object()) return process;
  process.host = report.value("host", "");
  process.pid = report.value("pid", int64_t{0});
  process.seconds = report.value("seconds", 0.0);
  process.images_made = report.value("images_made", int64_t{0});
  for (const Json& batch : report.value("under_way", Json::array()))
    process.under_way.push_back({batch.value("images", std::vector<std::string>()), batch.value("step", int64_t{0}),
                                 batch.value("steps", int64_t{0})});
  return process;
}

// Images, and parts of them that have been made.
double images_done(const RunStatus::Process& process) {
  auto done = static_cast<double>(process.images_made);
  for (const RunStatus::Batch& batch : process.under_way)
    if (batch.steps > 0)
      done +=
          static_cast<double>(batch.images.size()) * static_cast<double>(batch.step) / static_cast<double>(batch.steps);
  return done;
}

void estimate(RunStatus& status) {
  double a_second = 0, parts = 0;
  for (const RunStatus::Process& process : status.processes) {
    if (!process.alive || process.seconds <= 0) continue;
    const double done = images_done(process);
    a_second += done / process.seconds;
    parts += done - static_cast<double>(process.images_made);
  }
  if (a_second <= 0) return;
  constexpr double kHour = 3600;
  status.images_an_hour = a_second * kHour;
  const auto left = static_cast<double>(status.images - status.finished - status.given_up);
  status.seconds_left = std::max(0.0, left - parts) / a_second;
}

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  constexpr int64_t kMinute = 60, kHour = 3600;
  if (whole < kMinute) return fmt::format("{} s", whole);
  if (whole < kHour) return fmt::format("{} min {:02} s", whole / kMinute, whole % kMinute);
  return fmt::format("{} h {:02} min", whole / kHour, whole / kMinute % kMinute);
}

std::string words_of(const RunStatus::Process& process) {
  const std::string who = process.host.empty() ? fmt::format("process {}", process.id)
                                               : fmt::format("process {} on {}", process.pid, process.host);
  if (!process.alive) return who + " has died; the next one takes over what it had";
  std::string words = fmt::format("{}: {} made in {}", who, process.images_made, duration(process.seconds));
  for (const RunStatus::Batch& batch : process.under_way) {
    if (batch.images.empty()) continue;
    words += fmt::format(", step {} of {} of {}", batch.step, batch.steps, batch.images.front());
    if (batch.images.size() > 1) words += fmt::format(" and {} more", batch.images.size() - 1);
  }
  return words;
}

}  // namespace

RunStatus status_of(const std::string& folder) {
  const std::string config = folder + "/config.json";
  std::error_code error;
  if (!fs::exists(config, error)) fail(folder, "is no run folder: it has no config.json");
  RunStatus status;
  status.folder = folder;
  const Json frozen = read_json(config);
  status.images = frozen.is_object() ? frozen.value("images", int64_t{0}) : 0;
  count_records(folder + "/records", status);
  const ProcessList list(folder);
  // Of a machine whose clock differs from this one's by minutes it may be told wrongly who is alive.
  const auto now = fs::file_time_type::clock::now();
  for (const std::string& id : list.ids()) {
    status.processes.push_back(process_from(id, list.report(id), list.is_alive(id, now)));
    if (!status.processes.back().alive) continue;
    for (const RunStatus::Batch& batch : status.processes.back().under_way)
      status.under_way += std::ssize(batch.images);
  }
  estimate(status);
  return status;
}

Json to_json(const RunStatus& status) {
  Json processes = Json::array();
  for (const RunStatus::Process& process : status.processes) {
    Json under_way = Json::array();
    for (const RunStatus::Batch& batch : process.under_way)
      under_way.push_back({{"images", batch.images}, {"step", batch.step}, {"steps", batch.steps}});
    processes.push_back({{"id", process.id},
                         {"host", process.host},
                         {"pid", process.pid},
                         {"alive", process.alive},
                         {"seconds", process.seconds},
                         {"images_made", process.images_made},
                         {"under_way", under_way}});
  }
  return {{"folder", status.folder},
          {"images", status.images},
          {"finished", status.finished},
          {"given_up", status.given_up},
          {"under_way", status.under_way},
          {"images_an_hour", status.images_an_hour > 0 ? Json(status.images_an_hour) : Json()},
          {"seconds_left", status.seconds_left >= 0 ? Json(status.seconds_left) : Json()},
          {"processes", processes}};
}

std::vector<std::string> in_words(const RunStatus& status) {
  const int64_t left = status.images - status.finished - status.given_up;
  std::string first = fmt::format("{} of {} images finished", status.finished, status.images);
  if (status.given_up > 0) first += fmt::format(", {} given up", status.given_up);
  if (status.under_way > 0) first += fmt::format(", {} under way", status.under_way);
  std::vector<std::string> words = {first};
  if (status.seconds_left >= 0 && left > 0)
    words.push_back(
        fmt::format("{:.0f} images an hour, {} left", status.images_an_hour, duration(status.seconds_left)));
  for (const RunStatus::Process& process : status.processes) words.push_back(words_of(process));
  const bool at_work = std::any_of(status.processes.begin(), status.processes.end(),
                                   [](const RunStatus::Process& process) { return process.alive; });
  if (!at_work && left > 0) words.emplace_back("nobody works on it; the command that began it continues");
  return words;
}

}  // namespace phosphene
