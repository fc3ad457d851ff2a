// Autotuning: measures several implementations of a problem, takes the fastest on this machine and remembers it.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "runtime/backend.h"

namespace phosphene {

// Shared by the teams of a run: any thread may call it.
class Autotune {
 public:
  // `fixed`: choices that hold whatever is faster, those of a run that goes on. `file`: remembers, for every kind of CPU apart; ""
  // for none.
  Autotune(ImplementationChoices fixed, std::string file);

  // The user's cache file; "" if there is no cache folder.
  static std::string default_file();

  // The way chosen before for `problem` on this kind of CPU, of those that are possible; "" where none was. Throws where a fixed choice
  // is not possible.
  [[nodiscard]] std::string known(const std::string& problem, std::span<const std::string> possible) const;
  void choose(const std::string& problem, const std::string& way);

  // Held by who measures, from before the last known() until after choose(): no two measure at once, and none chooses what another has
  // chosen otherwise.
  [[nodiscard]] std::unique_lock<std::mutex> measure() { return std::unique_lock(measuring_); }

  // All choices that this object was asked for.
  [[nodiscard]] ImplementationChoices used() const;

 private:
  const ImplementationChoices fixed_;
  const std::string file_;
  std::mutex measuring_;
  mutable std::mutex mutex_;  // of all below
  ImplementationChoices remembered_;
  mutable ImplementationChoices used_;
};

// Seconds of each of several tasks for one problem: the fastest of some alternating runs. `operand_bytes` has one size per operand; the
// last one is written, and is one with the one before it where `in_place`.
std::vector<double> seconds_of(std::span<PlannedTask> planned, std::span<const int64_t> operand_bytes, bool in_place);

}  // namespace phosphene
