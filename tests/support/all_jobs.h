// All jobs of a config at once, as no run has them.
#pragma once

#include <vector>

#include "experiment/config/jobs.h"

namespace phosphene::testing {

inline std::vector<Job> all_jobs(const Config& config) {
  Jobs jobs(config);
  for (size_t i = 0; i < jobs.size(); ++i) jobs.keep_apart(jobs.at(i));
  std::vector<Job> all;
  for (size_t i = 0; i < jobs.size(); ++i) all.push_back(jobs.at(i));
  return all;
}

}  // namespace phosphene::testing
