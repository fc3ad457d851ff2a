#include "experiment/run/run_jobs.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "experiment/config/batches.h"
#include "experiment/image/start_pictures.h"
#include "experiment/step/objective_check.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// Jobs of one structure one after the other.
void check_jobs(const std::vector<Job>& jobs, const Model& model, Backend& backend) {
  std::map<std::string_view, std::vector<const Job*>> alike;
  for (const Job& job : jobs) alike[job.structure].push_back(&job);
  for (const auto& [structure, some] : alike) {
    const Config& config = some.front()->config;
    std::vector<ImageSettings> phases;
    for (size_t phase = 0; phase < config.phases(); ++phase) phases.push_back(config.phase(phase).image);
    check_start_pictures(phases, model);
    check_start_file(config.image, batch_image(config, 0), model, backend);
    for (size_t phase = 0; phase < config.phases(); ++phase) {
      const ObjectiveCheck check(model, config.phase(phase));
      for (const Job* job : some) {
        stop_if_requested();
        std::vector<RunImage> images;
        for (int64_t image = 0; image < config.image.images; ++image) images.push_back({job, image});
        check.check(in_phase(images, phase));
      }
    }
  }
}

}  // namespace

std::vector<const Job*> Batch::jobs() const {
  std::vector<const Job*> jobs;
  for (const RunImage& image : images)
    if (jobs.empty() || jobs.back() != image.job) jobs.push_back(image.job);
  return jobs;
}

int64_t Batch::pixels(const Model& model) const {
  int64_t most = 0;
  for (size_t i = 0; i < config().phases(); ++i) {
    const auto [height, width] = image_size(model, config().phase(i).image);
    most = std::max(most, height * width);
  }
  return most * std::ssize(images);
}

std::vector<Batch> pack_batches(const JobWindow& window, int64_t capacity) {
  std::vector<Batch> batches;
  for (const std::vector<JobImage>& packed : pack(*window, capacity)) {
    batches.push_back({window, {}});
    for (const auto& [job, image] : packed) batches.back().images.push_back({&(*window)[job], image});
  }
  return batches;
}

RunJobs::RunJobs(const Model& model, const Config& config, size_t window, int64_t capacity)
    : model_(model), jobs_(config), window_(window), capacity_(capacity) {}

std::vector<Job> RunJobs::made(const std::vector<size_t>& indices) {
  std::vector<Job> jobs;
  jobs.reserve(indices.size());
  for (const size_t index : indices) {
    stop_if_requested();
    jobs.push_back(jobs_.at(index));
  }
  return jobs;
}

std::vector<Job> RunJobs::made_window(size_t index) {
  at_hand_.reset();  // before the next takes its memory
  std::vector<size_t> indices(std::min(window_, jobs_.size() - index * window_));
  std::iota(indices.begin(), indices.end(), index * window_);
  return made(indices);
}

JobWindow RunJobs::keep(size_t index, std::vector<Job> jobs) {
  add_needed_channels(jobs);
  at_hand_ = std::make_shared<const std::vector<Job>>(std::move(jobs));
  at_hand_index_ = index;
  return at_hand_;
}

JobWindow RunJobs::window(size_t index) {
  return at_hand_ != nullptr && at_hand_index_ == index ? at_hand_ : keep(index, made_window(index));
}

void RunJobs::look_at(size_t index, Backend& backend) {
  std::vector<Job> made = made_window(index);
  check_jobs(made, model_, backend);
  const JobWindow jobs = keep(index, std::move(made));
  for (const Job& job : *jobs) {
    jobs_.keep_apart(job);
    images_ += job.config.image.images;
    image_steps_ += static_cast<double>(job.config.image.images * job.config.steps_of_all_phases());
  }
  for (const Batch& batch : pack_batches(jobs, capacity_)) {
    ++batches_;
    if (const int64_t pixels = batch.pixels(model_); pixels > most_pixels_) {
      most_pixels_ = pixels;
      largest_window_ = index;
    }
  }
}

void RunJobs::check_all(Backend& backend, const ProgressReporter& progress) {
  for (size_t index = 0; index < windows(); ++index) {
    look_at(index, backend);
    if (windows() > 1) progress.report_check(std::min((index + 1) * window_, jobs_.size()), jobs_.size());
  }
  if (jobs_.have_been_renamed()) at_hand_.reset();
}

void RunJobs::check_some(Backend& backend) {
  std::vector<size_t> between(window_);
  for (size_t i = 0; i < window_; ++i) between[i] = jobs_.size() / window_ * i;
  check_jobs(made(between), model_, backend);
  for (const size_t index : {windows() - 1, size_t{0}}) look_at(index, backend);
}

// Jobs share a program if the same part of the network is computed for them. Most of a sweep's jobs read what others read.
void RunJobs::add_needed_channels(std::vector<Job>& jobs) {
  for (Job& job : jobs) {
    const auto [found, is_new] = needed_channels_.try_emplace(reads_of(job.config.objective));
    if (is_new) found->second = to_string(needed_channels(model_, job.config.objective));
    job.structure += found->second;
  }
}

}  // namespace phosphene
