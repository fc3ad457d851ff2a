// Which images are computed together: jobs of one structure are packed into batches.
#pragma once

#include <string>
#include <vector>

#include "experiment/config/jobs.h"

namespace phosphene {

// An image of a job.
struct JobImage {
  size_t job = 0;  // index into the jobs
  int64_t image = 0;
};

// Whole jobs, packed up to `capacity` images (or one job's images, if more), each batch of one structure: those of the first job's in
// order, then those of the next structure.
std::vector<std::vector<JobImage>> pack(const std::vector<Job>& jobs, int64_t capacity);

}  // namespace phosphene
