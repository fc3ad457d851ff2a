#include "experiment/run/run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>

#include "experiment/config/batches.h"
#include "experiment/config/layer_units.h"
#include "experiment/image/start_pictures.h"
#include "experiment/run/batch_run.h"
#include "experiment/run/report.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_inputs.h"
#include "experiment/step/objective_check.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

// Images: enough to fill the convolutions, small enough for the caches (docs/benchmarks.md).
constexpr int64_t kAutomaticBatch = 4;

using Clock = std::chrono::steady_clock;
using Batch = std::vector<RunImage>;

const Config& config_of(const Batch& batch) { return batch.front().config(); }
const std::string& structure_of(const Batch& batch) { return batch.front().job->structure; }

// Of all its images.
double steps_of(const Batch& batch) {
  return static_cast<double>(config_of(batch).steps_of_all_phases()) * static_cast<double>(batch.size());
}

// Which batches there are, in which order, and the programs that they run on.
class Run {
 public:
  Run(const Config& config, const RunOptions& options)
      : options_(options),
        device_(choose_device(device_for(options.out, options.device))),
        model_(load_model(find_model(config.model.name, config.model.folder))),
        config_(with_units_of(model_, config)),
        inputs_(digests_of_inputs(whole_config(), config.file, config.folder(), model_)),
        jobs_(config_),
        capacity_(std::max(config.batch > 0 ? config.batch : kAutomaticBatch, config.image.images)),
        progress_(options.progress) {
    check_run_folder(options.out);
  }

  RunResult execute();
  std::vector<std::string> describe();

 private:
  [[nodiscard]] Json whole_config() const;
  [[nodiscard]] Json frozen() const;
  [[nodiscard]] size_t windows() const { return (jobs_.size() + options_.window - 1) / options_.window; }
  void take_window(size_t window);
  void take_jobs(const std::vector<size_t>& indices);
  void look_at_window(size_t window);
  void look_at_all_jobs();
  void look_at_some_jobs();
  void check_jobs() const;
  void add_needed_channels();
  void keep_implementations() const;
  [[nodiscard]] int64_t pixels(const Batch& batch) const;
  [[nodiscard]] const Batch& largest_batch() const;
  void pack_batches();
  void fit_batches();
  void plan(const Batch& batch);
  [[nodiscard]] int64_t bytes_to_take() const;
  std::span<const std::unique_ptr<StepProgram>> programs_for(const Batch& batch);
  void open_folder();
  bool render_window();
  void take_batches(size_t window);
  void drop_finished();
  void render(const Batch& batch);
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  RunOptions options_;
  DeviceChoice device_;
  Model model_;
  Config config_;
  Json inputs_;  // digests by name
  Jobs jobs_;
  int64_t capacity_;                                    // images in a batch
  std::vector<Job> window_;                             // the jobs at hand
  std::vector<Batch> batches_;                          // of them
  std::optional<size_t> at_hand_;                       // the window whose jobs these are, ready to be packed
  std::map<std::string, std::string> needed_channels_;  // by what is read
  // Of the jobs that were looked at.
  int64_t images_ = 0, batch_count_ = 0, most_pixels_ = 0;
  double image_steps_ = 0;
  size_t largest_window_ = 0;
  std::unique_ptr<RunFolder> folder_;
  std::vector<std::unique_ptr<StepProgram>> programs_;  // by phase
  std::string programs_key_;
  ProgressReporter progress_;
  RunResult result_;
};

// The config as it was given, its sweep included.
Json Run::whole_config() const {
  Json config = *config_.json;
  if (config_.sweep.given != nullptr) config["sweep"] = *config_.sweep.given;
  return config;
}

Json Run::frozen() const {
  Json frozen = {{"phosphene", PHOSPHENE_VERSION},
                 {"folder", kRunFolderVersion},
                 {"model", model_.name},
                 {"backend", device_.backend->description()},
                 {"images", images_},
                 {"batch", batches_.front().size()},
                 {"inputs", inputs_},
                 {"config", whole_config()}};
  if (device_.autotuned) frozen["autotuned"] = true;
  return frozen;
}

// Of the largest phase, all images together.
int64_t Run::pixels(const Batch& batch) const {
  int64_t most = 0;
  for (size_t i = 0; i < config_of(batch).phases(); ++i) {
    const auto [height, width] = image_size(model_, config_of(batch).phase(i).image);
    most = std::max(most, height * width);
  }
  return most * std::ssize(batch);
}

void Run::take_window(size_t window) {
  std::vector<size_t> indices(std::min(options_.window, jobs_.size() - window * options_.window));
  std::iota(indices.begin(), indices.end(), window * options_.window);
  take_jobs(indices);
}

void Run::take_jobs(const std::vector<size_t>& indices) {
  at_hand_.reset();
  batches_.clear();
  window_.clear();
  window_.reserve(indices.size());
  for (const size_t index : indices) {
    stop_if_requested();
    window_.push_back(jobs_.at(index));
  }
}

void Run::pack_batches() {
  batches_.clear();
  for (const std::vector<JobImage>& packed : pack(window_, capacity_)) {
    batches_.emplace_back();
    for (const auto& [job, image] : packed) batches_.back().push_back({&window_[job], image});
  }
}

void Run::look_at_window(size_t window) {
  check_jobs();
  for (const Job& job : window_) jobs_.keep_apart(job);
  add_needed_channels();
  at_hand_ = window;
  pack_batches();
  for (const Batch& batch : batches_) {
    images_ += std::ssize(batch);
    image_steps_ += steps_of(batch);
  }
  batch_count_ += std::ssize(batches_);
  if (const int64_t most = pixels(largest_batch()); most > most_pixels_) {
    most_pixels_ = most;
    largest_window_ = window;
  }
}

// Mistakes show before the first step, those of the last job as early as those of the first.
void Run::look_at_all_jobs() {
  progress_.start(0, 0);
  for (size_t window = 0; window < windows(); ++window) {
    take_window(window);
    look_at_window(window);
    if (windows() > 1) progress_.report_check(std::min((window + 1) * options_.window, jobs_.size()), jobs_.size());
  }
  if (jobs_.have_been_renamed()) at_hand_.reset();
}

// The first and the last, and as many between them: what can be seen in a second.
void Run::look_at_some_jobs() {
  std::vector<size_t> between(options_.window);
  for (size_t i = 0; i < options_.window; ++i) between[i] = jobs_.size() / options_.window * i;
  take_jobs(between);
  check_jobs();
  for (const size_t window : {windows() - 1, size_t{0}}) {
    take_window(window);
    look_at_window(window);
  }
}

const Batch& Run::largest_batch() const {
  return *std::max_element(batches_.begin(), batches_.end(),
                           [this](const Batch& a, const Batch& b) { return pixels(a) < pixels(b); });
}

// Fewer images at a time where memory does not hold the usual number. A config's own number is not changed.
void Run::fit_batches() {
  take_batches(largest_window_);
  for (;; pack_batches()) {
    const Batch& largest = largest_batch();
    const int64_t fewer = std::ssize(largest) - 1;
    try {
      return plan(largest);
    } catch (const OutOfMemory&) {
      if (config_.batch > 0 || fewer < config_.image.images) throw;
    }
    capacity_ = fewer;
  }
}

// One program for each phase, for every batch of one structure; its size is that of the first, the largest.
void Run::plan(const Batch& batch) {
  const Config& config = config_of(batch);
  programs_.clear();  // free their memory before the next take their own
  for (size_t i = 0; i < config.phases(); ++i)
    programs_.push_back(std::make_unique<StepProgram>(model_, config.phase(i), std::ssize(batch), *device_.backend));
  programs_key_ = structure_of(batch);
  if (folder_ != nullptr) keep_implementations();
  require_memory(*device_.backend, bytes_to_take());
}

// By all phases' programs: each keeps its memory until the next structure's are planned.
int64_t Run::bytes_to_take() const {
  int64_t bytes = 0;
  for (const auto& program : programs_) bytes += program->bytes_to_take() + program->bytes_to_show();
  return bytes;
}

std::span<const std::unique_ptr<StepProgram>> Run::programs_for(const Batch& batch) {
  if (programs_.empty() || structure_of(batch) != programs_key_ || std::ssize(batch) > programs_.front()->batch())
    plan(batch);
  return programs_;
}

// After each planning: what was chosen then holds for every later start.
void Run::keep_implementations() const {
  if (options_.device.autotune) folder_->write_implementations(device_.backend->implementation_choices());
}

// Checks that the layers, units and positions of the jobs at hand exist; those of one structure one after the other.
void Run::check_jobs() const {
  std::map<std::string_view, std::vector<const Job*>> alike;
  for (const Job& job : window_) alike[job.structure].push_back(&job);
  for (const auto& [structure, jobs] : alike) {
    const Config& config = jobs.front()->config;
    std::vector<ImageSettings> phases;
    for (size_t phase = 0; phase < config.phases(); ++phase) phases.push_back(config.phase(phase).image);
    check_start_pictures(phases, model_);
    check_start_file(config.image, batch_image(config, 0), model_, *device_.backend);
    for (size_t phase = 0; phase < config.phases(); ++phase) {
      const ObjectiveCheck check(model_, config.phase(phase));
      for (const Job* job : jobs) {
        stop_if_requested();
        Batch images;
        for (int64_t image = 0; image < config.image.images; ++image) images.push_back({job, image});
        check.check(in_phase(images, phase));
      }
    }
  }
}

// Jobs share a program if the same part of the network is computed for them. Most of a sweep's jobs read what others read.
void Run::add_needed_channels() {
  for (Job& job : window_) {
    const auto [found, is_new] = needed_channels_.try_emplace(reads_of(job.config.objective));
    if (is_new) found->second = to_string(needed_channels(model_, job.config.objective));
    job.structure += found->second;
  }
}

RunResult Run::execute() {
  progress_.report(device_.note);
  look_at_all_jobs();
  fit_batches();
  open_folder();
  progress_.start(images_, image_steps_);
  bool worked = false;
  try {
    for (size_t window = 0; window < windows() && !stop_asked(); ++window) {
      take_batches(window);
      worked = render_window() || worked;
    }
  } catch (const Stopped&) {  // what is finished stays
    worked = result_.interrupted = true;
  }
  result_.interrupted = result_.interrupted || stop_asked();
  // A finished run may lie where nothing can be written.
  result_.report = !worked && !folder_->writable() ? folder_->file("report.html") : write_report(folder_->path());
  return result_;
}

void Run::take_batches(size_t window) {
  if (at_hand_ != window) {
    take_window(window);
    add_needed_channels();
    at_hand_ = window;
  }
  pack_batches();
}

// Mistakes show before anything is written.
void Run::open_folder() {
  take_batches(0);
  programs_for(batches_.front()).front()->start(in_phase(batches_.front(), 0));
  folder_ = std::make_unique<RunFolder>(options_.out, frozen());
  keep_implementations();
}

// Whether any image was left to do.
bool Run::render_window() {
  drop_finished();
  pack_batches();
  for (const Batch& batch : batches_) {
    if (stop_asked()) break;
    render(batch);
  }
  return !batches_.empty();
}

// Leaves the jobs at hand that lack an image.
void Run::drop_finished() {
  at_hand_.reset();
  batches_.clear();
  const auto finished = [this](const Job& job) {
    stop_if_requested();
    return std::all_of(job.names.begin(), job.names.end(),
                       [this](const std::string& name) { return folder_->finished(name); });
  };
  const auto done =
      std::stable_partition(window_.begin(), window_.end(), [&](const Job& job) { return !finished(job); });
  for (auto job = done; job != window_.end(); ++job) {
    const int64_t images = job->config.image.images;
    result_.skipped += images;
    progress_.skip(images, static_cast<double>(images * job->config.steps_of_all_phases()));
  }
  window_.erase(done, window_.end());
}

void Run::render(const Batch& batch) {
  const Clock::time_point start = Clock::now();
  const BatchResult done = BatchRun(batch, programs_for(batch), {model_, *folder_, progress_, options_.stop}).render();
  result_.finished += done.finished;
  result_.stopped.insert(result_.stopped.end(), done.stopped.begin(), done.stopped.end());
  progress_.add_images(done.finished);
  if (done.interrupted) return;
  folder_->append_timing({{"first", batch.front().name()},
                          {"images", batch.size()},
                          {"steps", config_of(batch).steps_of_all_phases()},
                          {"seconds", std::chrono::duration<double>(Clock::now() - start).count()},
                          {"seconds_in_steps", done.seconds_in_steps}});
}

std::vector<std::string> Run::describe() {
  const bool all = windows() <= 3;
  std::string images;
  if (all) {
    look_at_all_jobs();
    images = fmt::format("{} in {} jobs, {} batches", images_, jobs_.size(), batch_count_);
  } else {
    look_at_some_jobs();
    images =
        fmt::format("those of {} jobs, of which {} were checked now, in batches", jobs_.size(), 3 * options_.window);
  }
  fit_batches();
  const StepProgram& program = *programs_.front();
  const Shape& shape = programs_.back()->image_shape();
  constexpr double kMegabyte = 1e-6;
  const double bytes = static_cast<double>(device_.backend->memory().used + bytes_to_take());
  return {
      fmt::format("model    {} ({})", model_.name, config_.model.name),
      fmt::format("images   {} of up to {}", images, program.batch()),
      fmt::format("size     {} x {}, {} channels, {} steps", shape.h, shape.w, shape.c, config_.steps_of_all_phases()),
      fmt::format("backend  {}", device_.backend->description()),
      fmt::format("memory   {:.0f} MB", bytes * kMegabyte),
      fmt::format("first    {}", jobs_.at(0).names.front()),
      fmt::format("last     {}", jobs_.at(jobs_.size() - 1).names.back())};
}

}  // namespace

RunResult run(const Config& config, const RunOptions& options) { return Run(config, options).execute(); }

std::vector<std::string> describe_run(const Config& config, const RunOptions& options) {
  return Run(config, options).describe();
}

}  // namespace phosphene
