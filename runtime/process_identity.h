// Which process this is, in words that a process on the same or on another machine understands.
#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

struct ProcessIdentity {
  std::string host;   // the machine's name
  std::string space;  // where process ids have one meaning: the boot of a kernel, and a namespace of it (a container)
  int64_t pid = 0;    // within the space
  uint64_t started = 0;  // clock ticks from the boot until it started: an id that is used again has another

  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity this_process();

enum class Liveness : uint8_t { alive, dead, unknown };

// Unknown for a process of another space than ours.
Liveness liveness(const ProcessIdentity& process);

}  // namespace phosphene
