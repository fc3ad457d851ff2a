// How far a run is, asked from outside: of its records, and of what the processes at work tell.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loaders/json.h"

namespace phosphene {

struct RunStatus {
  struct Batch {
    std::vector<std::string> images;
    int64_t step = 0, steps = 0;
  };
  struct Process {
    std::string id, host;
    int64_t pid = 0;
    bool alive = false;
    double seconds = 0;       // that it has worked, at its last beat
    int64_t images_made = 0;  // by then
    std::vector<Batch> under_way;
  };

  std::string folder;
  int64_t images = 0;  // of the run as it was started last
  int64_t finished = 0, given_up = 0;
  int64_t under_way = 0;      // in processes that are alive
  double images_an_hour = 0;  // of them together; 0 while unknown
  double seconds_left = -1;   // negative while unknown
  std::vector<Process> processes;
};

// Throws for what is no run folder.
RunStatus status_of(const std::string& folder);

Json to_json(const RunStatus& status);
// One line per fact.
std::vector<std::string> in_words(const RunStatus& status);

}  // namespace phosphene
