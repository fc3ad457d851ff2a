// The names of a run's pictures, which its records and floats have too. They are made as a set: distinct on every file system, from
// those of snapshots too, and in the order of jobs and images where they are sorted. They follow from the config alone, so that a run that is
// continued has the same.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "runtime/file_names.h"

namespace phosphene {

// For each job in turn.
class PictureNames {
 public:
  // `jobs`: how many the run has.
  explicit PictureNames(size_t jobs);

  // Of the job's images. `values`: how many keys of a sweep it has.
  std::vector<std::string> next(const Config& config, size_t values);

 private:
  [[nodiscard]] bool are_free(const std::vector<std::string>& names, const std::vector<int64_t>& snapshots) const;

  size_t job_ = 0, digits_;
  FileNames taken_;  // of pictures and snapshots
};

// NAME_STEP.
std::string snapshot_name(const std::string& picture, int64_t step);

}  // namespace phosphene
