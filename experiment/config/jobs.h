// From one config to its jobs: a sweep expands to one config for each combination of its values.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"
#include "experiment/config/picture_names.h"

namespace phosphene {

// One combination of a sweep's values: a config of its own. Nothing of its pictures depends on its index or on the jobs beside it, so
// that each is the same alone, and a sweep may grow.
struct Job {
  size_t index = 0;
  Config config;
  KeptJson values;                 // pointer -> value of the sweep; "variant" -> its name
  std::vector<std::string> names;  // of its images: unique in the run, usable as file names
  std::string structure;           // jobs of one structure can share a program
};

// The jobs of a config, each made when it is asked for: a million take no memory. The product of the sweep's axes, variants slowest and
// the last one fastest; one job without a sweep.
class Jobs {
 public:
  explicit Jobs(const Config& config);

  [[nodiscard]] size_t size() const { return size_; }

  // A variant replaces whole keys, because a merge could put two parameterizations side by side. The job's structure is that of its
  // config (structure.h). Throws when the combination is not a valid config.
  [[nodiscard]] Job at(size_t index) const;

  // Keeps the names of pictures apart: each job is shown once, before a name is used.
  void keep_apart(const Job& job);
  // Whether jobs that were made before have other names now.
  [[nodiscard]] bool have_been_renamed() const { return names_.has_twins(); }

 private:
  Config config_;
  size_t size_;
  PictureNames names_;
};

}  // namespace phosphene
