// From one config to the images to render: a sweep expands to jobs, jobs of one structure are packed into batches.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/config.h"

namespace phosphene {

// One combination of a sweep's values: a config of its own. Its index is part of every random draw's key.
struct Job {
  uint32_t index = 0;
  Config config;
  Json values = Json::object();    // pointer -> value of the sweep; "variant" -> its name
  std::vector<std::string> names;  // of its images: unique in the run, usable as file names
  std::string structure;           // jobs of one structure can share a program
};

// The product of the sweep's axes, variants slowest and the last one fastest; one job without a sweep. Their structure is that of their
// configs. Throws when a combination is no valid config.
std::vector<Job> expand(const Config& config);

// What is not data of tables (units, positions, vectors, weights, seeds). Equal keys: equal programs, where the network is computed
// alike for all units (experiment/objective/needed_channels.h).
std::string structure_key(const Config& config);

// An image of a job.
struct JobImage {
  size_t job = 0;  // index into the jobs
  int64_t image = 0;
};

// Whole jobs, packed up to `capacity` images (or one job's images, if more), each batch of one structure: those of the first job's in
// order, then those of the next structure.
std::vector<std::vector<JobImage>> pack(const std::vector<Job>& jobs, int64_t capacity);

}  // namespace phosphene
