// The processes that work on one run folder, on this machine or on others. Each keeps a file in RUN/processes that says who it is and
// what it does, and writes it again every few seconds: one that has been silent for long is taken to be dead, as is at once one of this
// machine that no longer runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "loaders/json.h"
#include "runtime/process_identity.h"

namespace phosphene {

inline constexpr const char* kProcessesFolder = "processes";

// The processes whose files a run folder holds.
class ProcessList {
 public:
  // A process of another machine that has not beaten for so long is dead: eight beats.
  static constexpr std::chrono::seconds kSilence{120};

  // `folder`: of the run.
  explicit ProcessList(std::string folder) : folder_(folder + "/" + kProcessesFolder) {}

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string file(const std::string& id) const { return folder_ + "/" + id + ".json"; }
  [[nodiscard]] std::vector<std::string> ids() const;
  // Whether the process of this id works. `now`: the file system's time, that of a file written just now, so that the clocks of different
  // machines need not agree.
  [[nodiscard]] bool is_alive(const std::string& id, std::filesystem::file_time_type now) const;
  // What it says of itself; null where its file is gone or cannot be understood.
  [[nodiscard]] Json report(const std::string& id) const;

 private:
  std::string folder_;
};

// Whether `file` is gone, or was last written so long before `now` that nobody can be writing it.
bool is_silent(const std::string& file, std::filesystem::file_time_type now);

// This process among them, from the constructor to the destructor.
class RunProcess {
 public:
  static constexpr std::chrono::seconds kBeat{15};

  // Enters this process, and begins to beat. `work`: what to tell at each beat, an object; called from another thread. Throws where the
  // folder cannot be written.
  RunProcess(const std::string& folder, std::function<Json()> work);
  RunProcess(const RunProcess&) = delete;
  RunProcess& operator=(const RunProcess&) = delete;
  ~RunProcess();

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] bool is_alive(const std::string& id) const { return id == id_ || list_.is_alive(id, last_beat()); }
  // In the file system's time.
  [[nodiscard]] std::filesystem::file_time_type last_beat() const;
  // Whether another process is alive.
  [[nodiscard]] bool has_company() const;
  // Removes the files of the dead but for those in `needed`.
  void forget_dead(const std::vector<std::string>& needed) const;

 private:
  void beat();
  void write() const;

  ProcessList list_;
  std::function<Json()> work_;
  ProcessIdentity identity_;
  std::string id_, file_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::thread heart_;
};

}  // namespace phosphene
