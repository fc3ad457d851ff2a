// The folder of a run. Every file but timing.jsonl is written whole (runtime/files.h); an image is finished when its record exists.
//   config.json            what was asked, the version, the backend, size and hash of each file that is read: frozen at the first start
//   images/NAME.png        and NAME_stepSTEP.png for snapshots
//   records/NAME.json      one per finished image; NAME.stopped.json for one that had to be given up
//   floats/NAME.safetensors    on request: image, and the spectrum's re and im
//   checkpoints/, claims/, processes/    while it is made: what batches under way have reached, and who makes them (checkpoints.h,
//                          claims.h, run_processes.h); removed at the end
//   implementations.json   with --autotune: the choices that were made by measurement, and that a continued run keeps to
//   thumbnails/, examples/    what the page shows besides: sheets of small pictures, and photographs that somebody searched for
//   timing.jsonl           wall times: the only file that differs between two equal runs
//   report.html
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "runtime/device_choice.h"

namespace phosphene {

// Throws unless a run may be kept in this folder: it is not there yet, or holds a run, or nothing but what desktops and version control
// put into folders (.DS_Store, Thumbs.db, .gitkeep, ...).
void check_run_folder(const std::string& path);

// Throws where the folder holds a run that is not the one that `frozen` describes, or of other inputs: names the first difference.
void check_run_continues(const std::string& path, const Json& frozen);

// Of what a folder holds: 2 is the first whose pictures do not depend on their jobs' place in a sweep.
inline constexpr int kRunFolderVersion = 2;

class RunFolder {
 public:
  // Makes the folder, or continues in it, and removes what killed processes have left half written. A sweep may have grown since. Throws
  // when it holds another experiment, or one of other inputs (naming the first difference), or cannot be written.
  RunFolder(std::string path, const Json& frozen);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& relative) const { return path_ + "/" + relative; }
  [[nodiscard]] bool writable() const;
  // Whether an image has a whole record; one that was cut short, by hand or by a disk, is none.
  [[nodiscard]] bool has_record(const std::string& name) const;
  [[nodiscard]] bool given_up(const std::string& name) const;
  // Whether processes have left anything there that they remove at their end.
  [[nodiscard]] bool holds_traces() const;
  void write_record(const std::string& name, const Json& record) const;
  void write_stopped(const std::string& name, const std::string& reason, int64_t step) const;
  void append_timing(const Json& line) const;
  void write_implementations(const ImplementationChoices& choices) const;

 private:
  std::string path_;
};

// The device for a run in the folder `path`: with the choices made there at earlier starts. Throws where one was started with
// --autotune and the other is not.
DeviceOptions device_for(const std::string& path, DeviceOptions device);

// The records of a run folder, or those of what was given up, by job and image; those without, by name. Their "job" is its place in the
// sweep.
std::vector<Json> read_records(const std::string& folder, bool stopped);

// "/seed is 0 there and 1 now" for the first place where two JSONs differ; "" where they do not.
std::string first_difference(const Json& there, const Json& now);

// Why a config (its sweep included) cannot continue a run; "" where it can, as where only its sweep has grown. `frozen`: the config.json.
std::string other_experiment(const Json& frozen, const Json& config);

}  // namespace phosphene
