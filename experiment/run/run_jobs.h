// The jobs of a run, checked and packed into batches. They are made when they are needed, one window of them at a time, so that a sweep
// of a million takes no memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiment/run/progress.h"
#include "experiment/run/run_image.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

using JobWindow = std::shared_ptr<const std::vector<Job>>;

// Images of one structure, in whole jobs; computed together.
struct Batch {
  JobWindow window;  // holds their jobs
  std::vector<RunImage> images;

  [[nodiscard]] const Config& config() const { return images.front().config(); }
  [[nodiscard]] const std::string& structure() const { return images.front().job->structure; }
  // In the order of the images.
  [[nodiscard]] std::vector<const Job*> jobs() const;
  // Of the largest phase, all images together.
  [[nodiscard]] int64_t pixels(const Model& model) const;
};

std::vector<Batch> pack_batches(const JobWindow& window, int64_t capacity);

class RunJobs {
 public:
  // `window`: how many jobs are at hand at a time. `capacity`: images in a batch, as counted below.
  RunJobs(const Model& model, const Config& config, size_t window, int64_t capacity);

  [[nodiscard]] size_t size() const { return jobs_.size(); }
  [[nodiscard]] size_t windows() const { return (jobs_.size() + window_ - 1) / window_; }
  [[nodiscard]] Job at(size_t index) const { return jobs_.at(index); }
  // Their structures say which part of the network is computed for them. The window that was asked for last is kept.
  JobWindow window(size_t index);

  // Checks that the layers, units, positions and files of jobs exist: mistakes show before the first step, those of the last job as
  // early as those of the first. Of many jobs check_some() takes the first and the last window, and as many between them: what can be
  // seen in a second. Before a name is used all jobs must have been checked.
  void check_all(Backend& backend, const ProgressReporter& progress);
  void check_some(Backend& backend);

  // Of the jobs that were checked, but for those between.
  [[nodiscard]] int64_t images() const { return images_; }
  [[nodiscard]] double image_steps() const { return image_steps_; }
  [[nodiscard]] int64_t batches() const { return batches_; }
  [[nodiscard]] size_t largest_window() const { return largest_window_; }  // where the batch of most pixels is

 private:
  std::vector<Job> made(const std::vector<size_t>& indices);
  std::vector<Job> made_window(size_t index);
  JobWindow keep(size_t index, std::vector<Job> jobs);
  void look_at(size_t index, Backend& backend);
  void add_needed_channels(std::vector<Job>& jobs);

  const Model& model_;
  Jobs jobs_;
  size_t window_;
  int64_t capacity_;
  JobWindow at_hand_;
  size_t at_hand_index_ = 0;
  std::map<std::string, std::string> needed_channels_;  // by what is read
  int64_t images_ = 0, batches_ = 0, most_pixels_ = 0;
  double image_steps_ = 0;
  size_t largest_window_ = 0;
};

}  // namespace phosphene
