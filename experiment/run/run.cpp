#include "experiment/run/run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "experiment/config/batches.h"
#include "experiment/config/structure.h"
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

// Which batches there are, in which order, and the programs that they run on.
class Run {
 public:
  Run(const Config& config, const RunOptions& options)
      : config_(config),
        options_(options),
        device_(choose_device(device_for(options.out, options.device))),
        model_(load_model(find_model(config.model.name, config.model.folder))),
        inputs_(digests_of_inputs(whole_config(), config.file, config.folder(), model_)),
        jobs_(expand(config)),
        progress_(options.progress) {
    check_run_folder(options.out);
    check_jobs();
    add_needed_channels();
    pack_batches(std::max(config.batch > 0 ? config.batch : kAutomaticBatch, config.image.images));
    for (const Batch& batch : batches_) images_ += std::ssize(batch);
  }

  RunResult execute();
  std::vector<std::string> describe();

 private:
  [[nodiscard]] Json whole_config() const;
  [[nodiscard]] Json frozen() const;
  void check_jobs() const;
  void add_needed_channels();
  void keep_implementations() const;
  [[nodiscard]] int64_t pixels(const Batch& batch) const;
  void pack_batches(int64_t capacity);
  void fit_batches();
  void plan(const Batch& batch);
  [[nodiscard]] int64_t bytes_to_take() const;
  std::span<const std::unique_ptr<StepProgram>> programs_for(const Batch& batch);
  std::vector<Batch> skip_finished();
  void render(const Batch& batch);
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  Config config_;
  RunOptions options_;
  DeviceChoice device_;
  Model model_;
  Json inputs_;  // digests by name
  std::vector<Job> jobs_;
  std::vector<Batch> batches_;
  int64_t images_ = 0;
  std::unique_ptr<RunFolder> folder_;
  std::vector<std::unique_ptr<StepProgram>> programs_;  // by phase
  std::string programs_key_;
  ProgressReporter progress_;
  RunResult result_;
};

// The config as it was given, its sweep included.
Json Run::whole_config() const {
  Json sweep = Json::object();
  for (const auto& [name, keys] : config_.variants) sweep["variants"][name] = *keys;
  for (const auto& [pointer, values] : config_.sweep) sweep[pointer] = *values;
  Json config = *config_.json;
  if (!sweep.empty()) config["sweep"] = sweep;
  return config;
}

Json Run::frozen() const {
  Json frozen = {{"phosphene", PHOSPHENE_VERSION},
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

void Run::pack_batches(int64_t capacity) {
  batches_.clear();
  for (const std::vector<JobImage>& packed : pack(jobs_, capacity)) {
    batches_.emplace_back();
    for (const auto& [job, image] : packed) batches_.back().push_back({&jobs_[job], image});
  }
}

// Fewer images at a time where memory does not hold the usual number. A config's own number is not changed.
void Run::fit_batches() {
  for (;;) {
    const Batch& largest = *std::max_element(batches_.begin(), batches_.end(),
                                             [this](const Batch& a, const Batch& b) { return pixels(a) < pixels(b); });
    const int64_t fewer = std::ssize(largest) - 1;
    try {
      return plan(largest);
    } catch (const OutOfMemory&) {
      if (config_.batch > 0 || fewer < config_.image.images) throw;
    }
    pack_batches(fewer);
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

// Checks that every job's layers, units and positions exist, the last one's as early as the first's.
void Run::check_jobs() const {
  std::string key;
  std::vector<std::unique_ptr<ObjectiveCheck>> checks;  // by phase
  for (const Job& job : jobs_) {
    stop_if_requested();
    const Config& config = job.config;
    if (checks.empty() || job.structure != key) {
      key = job.structure;
      checks.clear();
      std::vector<ImageSettings> phases;
      for (size_t phase = 0; phase < config.phases(); ++phase) phases.push_back(config.phase(phase).image);
      check_start_pictures(phases, model_);
      for (size_t phase = 0; phase < config.phases(); ++phase)
        checks.push_back(std::make_unique<ObjectiveCheck>(model_, config.phase(phase)));
      check_start_file(config.image, batch_image(config, job.index, 0), model_, *device_.backend);
    }
    Batch images;
    for (int64_t image = 0; image < config.image.images; ++image) images.push_back({&job, image});
    for (size_t phase = 0; phase < config.phases(); ++phase) checks[phase]->check(in_phase(images, phase));
  }
}

// Jobs share a program if the same part of the network is computed for them. Most of a sweep's jobs read what others read.
void Run::add_needed_channels() {
  std::map<std::string, std::string> known;  // by what is read
  for (Job& job : jobs_) {
    const auto [found, is_new] = known.try_emplace(reads_of(job.config.objective));
    if (is_new) found->second = to_string(needed_channels(model_, job.config.objective));
    job.structure += found->second;
  }
}

RunResult Run::execute() {
  progress_.report(device_.note);
  fit_batches();
  // Mistakes show before anything is written.
  programs_for(batches_.front()).front()->start(in_phase(batches_.front(), 0));
  folder_ = std::make_unique<RunFolder>(options_.out, frozen());
  keep_implementations();
  const std::vector<Batch> ahead = skip_finished();
  for (const Batch& batch : ahead) {
    if (stop_asked()) break;
    try {
      render(batch);
    } catch (const Stopped&) {  // inside a step
      break;
    }
  }
  result_.interrupted = stop_asked();
  // A finished run may lie where nothing can be written.
  result_.report = ahead.empty() && !folder_->writable() ? folder_->file("report.html") : write_report(folder_->path());
  return result_;
}

// The batches that are left to do.
std::vector<Batch> Run::skip_finished() {
  std::vector<Batch> ahead;
  double image_steps = 0;
  for (const Batch& batch : batches_) {
    stop_if_requested();
    const bool done = std::all_of(batch.begin(), batch.end(),
                                  [this](const RunImage& image) { return folder_->finished(image.name()); });
    if (done) {
      result_.skipped += std::ssize(batch);
    } else {
      ahead.push_back(batch);
      image_steps += static_cast<double>(config_of(batch).steps_of_all_phases()) * static_cast<double>(batch.size());
    }
  }
  progress_.start(images_, result_.skipped, image_steps);
  return ahead;
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
  fit_batches();
  const StepProgram& program = *programs_.front();
  const Shape& shape = programs_.back()->image_shape();
  constexpr double kMegabyte = 1e-6;
  const double bytes = static_cast<double>(device_.backend->memory().used + bytes_to_take());
  return {
      fmt::format("model    {} ({})", model_.name, config_.model.name),
      fmt::format("images   {} in {} jobs, {} batches of up to {}", images_, jobs_.size(), batches_.size(),
                  program.batch()),
      fmt::format("size     {} x {}, {} channels, {} steps", shape.h, shape.w, shape.c, config_.steps_of_all_phases()),
      fmt::format("backend  {}", device_.backend->description()),
      fmt::format("memory   {:.0f} MB", bytes * kMegabyte),
      fmt::format("first    {}", batches_.front().front().name()),
      fmt::format("last     {}", batches_.back().back().name())};
}

}  // namespace

RunResult run(const Config& config, const RunOptions& options) { return Run(config, options).execute(); }

std::vector<std::string> describe_run(const Config& config, const RunOptions& options) {
  return Run(config, options).describe();
}

}  // namespace phosphene
