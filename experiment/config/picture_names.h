// The names of a run's pictures, which its records and floats have too. A name follows from the job's own values alone: its variant, the
// words of its objective, and each value of a sweep that these do not tell. Names are distinct on every file system, from those of
// snapshots too, and those of a sweep are in the order of its numbers where they are sorted.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "experiment/config/settings.h"
#include "experiment/config/sweep.h"

namespace phosphene {

struct Config;  // experiment/config/config.h

// The objective's terms, for people: "inception_4a_output-pre_97".
std::string words_of(const Objective& objective);

class PictureNames {
 public:
  // `spelled`: the pointers of a sweep's keys whose values are written behind the objective's words.
  explicit PictureNames(std::vector<std::string> spelled) : spelled_(std::move(spelled)) {}

  // Of a job's images. `values`: pointer -> value of the sweep, "variant" -> its name.
  [[nodiscard]] std::vector<std::string> of(const Config& config, const Json& values) const;

  // Where file systems could take two of the names shown here for one, those of both jobs end in a hash of their values from now on.
  void keep_apart(const Config& config, const Json& values);
  [[nodiscard]] bool has_twins() const { return !twins_.empty(); }

 private:
  [[nodiscard]] std::string base(const Config& config, const Json& values) const;

  std::vector<std::string> spelled_;
  std::unordered_map<uint64_t, uint64_t> owners_;  // hashes of names -> those of their jobs' bases
  std::unordered_set<uint64_t> twins_;             // hashes of bases that do not say enough
};

// NAME_stepSTEP; `steps`: the last of all.
std::string snapshot_name(const std::string& picture, int64_t step, int64_t steps);

}  // namespace phosphene
