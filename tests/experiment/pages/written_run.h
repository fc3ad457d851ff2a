// A run folder with records and pictures as a run would write them, without a network.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loaders/json.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {

class WrittenRun {
 public:
  static constexpr int64_t kSide = 24;  // of each picture
  static constexpr int64_t kSteps = 64;

  explicit WrittenRun(const Json& config);

  // Adds a picture of one colour, and its record: its objective per step is a parabola that ends at `objective`. Snapshots are brighter
  // by their number.
  void add(const std::string& name, const Json& terms, const Json& sweep, int64_t job, int64_t image, double objective,
           const std::vector<int64_t>& snapshots);

  [[nodiscard]] Json& records() { return records_; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }
  [[nodiscard]] std::string path() const { return folder_.path().string(); }

 private:
  std::string draw(const std::string& file, float grey) const;

  TemporaryFolder folder_;
  Json records_ = Json::array();
};

// The objective of one channel.
Json channel_terms(const std::string& layer, int64_t unit);

// Of channel 7 of layer/a:pre: "negative" and "positive" (images of the variant ends), "neuron", "diverse_image0" and "diverse_image1"
// (variant diverse); each with snapshots at steps 4 and 16.
void add_pictures_of_a_unit(WrittenRun& run);
// The config of such a run.
Json config_of_a_unit();

}  // namespace phosphene::testing
