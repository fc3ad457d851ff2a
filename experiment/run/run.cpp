#include "experiment/run/run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "experiment/config/layer_units.h"
#include "experiment/run/batch_run.h"
#include "experiment/run/programs.h"
#include "experiment/run/report.h"
#include "experiment/run/run_folder.h"
#include "experiment/run/run_inputs.h"
#include "experiment/run/run_jobs.h"
#include "experiment/run/workers.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;

class Run {
 public:
  Run(const Config& config, const RunOptions& options)
      : options_(options),
        device_(choose_device(device_for(options.out, options.device))),
        model_(load_model(find_model(config.model.name, config.model.folder))),
        config_(with_units_of(model_, config)),
        inputs_(digests_of_inputs(whole_config(), config.file, config.folder(), model_)),
        capacity_(std::max(config.batch > 0 ? config.batch : device_.batch, config.image.images)),
        jobs_(model_, config_, options.window, capacity_),
        progress_(options.progress) {
    check_run_folder(options.out);
  }

  RunResult execute();
  std::vector<std::string> describe();

 private:
  [[nodiscard]] Json whole_config() const;
  [[nodiscard]] Json frozen(size_t batch) const;
  void keep_implementations();
  [[nodiscard]] int wanted_workers() const;
  void divide(int workers);
  void fit_batches();
  bool give_way(int64_t images);
  bool try_to_fit();
  size_t start_first();
  void open_folder();
  [[nodiscard]] std::string write_latest_report() const;
  bool render(const ClaimedBatch& claimed, Programs& programs, Writer& writer);
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  RunOptions options_;
  DeviceChoice device_;
  Model model_;
  Config config_;
  Json inputs_;       // digests by name
  int64_t capacity_;  // images in a batch
  RunJobs jobs_;
  std::vector<std::unique_ptr<Backend>> teams_;  // of the device, where there are several workers
  std::unique_ptr<Workers> workers_;
  std::unique_ptr<RunFolder> folder_;
  std::unique_ptr<Checkpoints> checkpoints_;
  ProgressReporter progress_;
  std::mutex mutex_;  // of what workers have in common
  RunResult result_;
};

// The config as it was given, its sweep included.
Json Run::whole_config() const {
  Json config = *config_.json;
  if (config_.sweep.given != nullptr) config["sweep"] = *config_.sweep.given;
  return config;
}

Json Run::frozen(size_t batch) const {
  Json frozen = {{"phosphene", PHOSPHENE_VERSION},
                 {"folder", kRunFolderVersion},
                 {"model", model_.name},
                 {"backend", device_.backend->description()},
                 {"images", jobs_.images()},
                 {"batch", batch},
                 {"inputs", inputs_},
                 {"config", whole_config()}};
  if (device_.autotuned) frozen["autotuned"] = true;
  return frozen;
}

// After each planning: what was chosen then holds for every later start.
void Run::keep_implementations() {
  const std::lock_guard lock(mutex_);
  if (folder_ != nullptr && options_.device.autotune)
    folder_->write_implementations(device_.backend->implementation_choices());
}

// One for each thread, as long as there are jobs for them: two that each render their own lose no time waiting for each other
// (docs/benchmarks.md). Measured choices are for programs that have all the threads.
int Run::wanted_workers() const {
  if (options_.workers > 0) return options_.workers;
  if (device_.autotuned) return 1;
  const int64_t most = config_.batch > 0 ? jobs_.batches() : static_cast<int64_t>(jobs_.size());
  return static_cast<int>(std::clamp<int64_t>(most, 1, device_.threads));
}

// The device's threads among so many workers.
void Run::divide(int workers) {
  workers_.reset();
  teams_.clear();
  const auto on_plan = [this] { keep_implementations(); };
  std::vector<std::unique_ptr<Programs>> programs;
  for (int worker = 0; worker < workers; ++worker) {
    if (workers > 1) {
      const int threads = device_.threads * (worker + 1) / workers - device_.threads * worker / workers;
      teams_.push_back(device_.backend->team(std::max(1, threads)));
    }
    Backend& backend = workers > 1 ? *teams_.back() : *device_.backend;
    programs.push_back(std::make_unique<Programs>(model_, backend, !device_.autotuned, on_plan));
  }
  workers_ = std::make_unique<Workers>(std::move(programs));
}

// Where a batch of so many images has not found its memory: fewer of them, or fewer workers. False where what was asked for leaves no
// choice.
bool Run::give_way(int64_t images) {
  constexpr int64_t kFew = 8;  // planning takes its time: large batches are halved
  const int64_t fewer = images > kFew ? images / 2 : images - 1;
  const bool all_fixed = config_.batch > 0 || fewer < config_.image.images;
  if (all_fixed && (options_.workers > 0 || workers_->count() == 1)) return false;
  if (all_fixed)
    divide(static_cast<int>(workers_->count() / 2));
  else
    capacity_ = fewer;
  return true;
}

// Whether each worker can have the largest batch at once.
bool Run::try_to_fit() {
  const std::vector<Batch> batches = pack_batches(jobs_.window(jobs_.largest_window()), capacity_);
  const Batch& largest = *std::max_element(batches.begin(), batches.end(), [this](const Batch& a, const Batch& b) {
    return a.pixels(model_) < b.pixels(model_);
  });
  try {
    static_cast<void>(workers_->first().for_batch(largest));
    const auto beside = static_cast<int64_t>(workers_->count() - 1);
    if (beside > 0) require_memory(*device_.backend, (beside + 1) * workers_->first().bytes_to_take());
    return true;
  } catch (const OutOfMemory&) {
    if (!give_way(std::ssize(largest.images))) throw;
    return false;
  }
}

// Fewer images at a time where memory does not hold the usual number, then fewer workers. What was asked for is not changed.
void Run::fit_batches() {
  divide(wanted_workers());
  if (config_.batch == 0 && workers_->count() > 1) {
    const auto workers = static_cast<int64_t>(workers_->count());
    capacity_ = std::clamp((jobs_.images() + workers - 1) / workers, config_.image.images, capacity_);
  }
  while (!try_to_fit()) {
  }
}

RunResult Run::execute() {
  progress_.report(device_.note);
  progress_.start(0, 0);
  jobs_.check_all(*device_.backend, progress_);
  fit_batches();
  open_folder();
  progress_.start(jobs_.images(), jobs_.image_steps());
  WorkQueue queue(
      jobs_, *folder_, *checkpoints_,
      {capacity_, static_cast<int64_t>(workers_->count()), options_.shard, device_.autotuned},
      [this] { return progress_.work(); },
      [this](int64_t images, double image_steps, bool finished) {
        progress_.skip(images, image_steps, finished);
        if (finished) result_.skipped += images;
      });
  Writer writer;
  try {
    workers_->run(
        queue, writer,
        [&](const ClaimedBatch& claimed, Programs& programs) { return render(claimed, programs, writer); },
        [this] { return stop_asked(); });
  } catch (const Stopped&) {  // what is finished stays
    result_.interrupted = true;
  }
  writer.finish();
  result_.interrupted = result_.interrupted || stop_asked();
  result_.elsewhere = queue.elsewhere();
  const bool worked = queue.had_work() || result_.interrupted;
  queue.sweep();
  // A finished run may lie where nothing can be written.
  result_.report = !worked && !folder_->writable() ? folder_->file("report.html") : write_latest_report();
  return result_;
}

// Another process may finish more while this one makes its page, and have written its own page before: who writes last has seen everything.
// One that still works writes a page later anyway.
std::string Run::write_latest_report() const {
  constexpr int kAttempts = 10;
  const auto finished = [this] {
    std::error_code error;
    fs::directory_iterator records(folder_->file("records"), error);
    if (error) return std::ptrdiff_t{0};
    return std::count_if(begin(records), end(records), [](const fs::directory_entry& entry) {
      return !is_temporary_name(entry.path().filename().string());  // of one that is being written
    });
  };
  std::string path;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto before = finished();
    path = write_report(folder_->path());
    if (finished() == before) break;
  }
  return path;
}

// Of images that memory is taken for: another process may have been quicker since it was asked for.
size_t Run::start_first() {
  for (;;) {
    const Batch first = pack_batches(jobs_.window(0), capacity_).front();
    try {
      workers_->first().for_batch(first).front()->start(in_phase(first.images, 0));
      return first.images.size();
    } catch (const OutOfMemory&) {
      workers_->first().clear();
      if (!give_way(std::ssize(first.images))) throw;
    }
  }
}

// Mistakes show before anything is written.
void Run::open_folder() {
  const size_t batch = start_first();
  folder_ = std::make_unique<RunFolder>(options_.out, frozen(batch));
  const std::string backend = device_.backend->description();
  checkpoints_ = std::make_unique<Checkpoints>(folder_->path(), backend.substr(0, backend.find(':')));
  keep_implementations();
}

// Whether it came to its end.
bool Run::render(const ClaimedBatch& claimed, Programs& programs, Writer& writer) {
  const Clock::time_point start = Clock::now();
  const Batch& batch = claimed.batch;
  const RunEnvironment run{model_, *folder_,      *checkpoints_,     progress_,
                           writer, options_.stop, &workers_->halt(), options_.checkpoint_seconds};
  const BatchResult done = BatchRun(claimed, programs.for_batch(batch), run).render();
  const std::lock_guard lock(mutex_);
  result_.finished += done.finished;
  result_.stopped.insert(result_.stopped.end(), done.stopped.begin(), done.stopped.end());
  if (done.interrupted) return false;
  folder_->append_timing({{"first", batch.images.front().name()},
                          {"images", batch.images.size()},
                          {"steps", batch.config().steps_of_all_phases()},
                          {"seconds", std::chrono::duration<double>(Clock::now() - start).count()},
                          {"seconds_in_steps", done.seconds_in_steps}});
  return true;
}

std::vector<std::string> Run::describe() {
  std::string images;
  if (jobs_.windows() <= 3) {
    jobs_.check_all(*device_.backend, progress_);
    images = fmt::format("{} in {} jobs, {} batches", jobs_.images(), jobs_.size(), jobs_.batches());
  } else {
    jobs_.check_some(*device_.backend);
    images =
        fmt::format("those of {} jobs, of which {} were checked now, in batches", jobs_.size(), 3 * options_.window);
  }
  fit_batches();
  check_run_continues(options_.out, frozen(0));
  const Programs& programs = workers_->first();
  const StepProgram& program = *programs.planned().front();
  const Shape& shape = programs.planned().back()->image_shape();
  constexpr double kMegabyte = 1e-6;
  const double bytes = static_cast<double>(device_.backend->memory().used +
                                           static_cast<int64_t>(workers_->count()) * programs.bytes_to_take());
  const std::string workers = workers_->count() > 1 ? fmt::format(", {} workers", workers_->count()) : "";
  return {
      fmt::format("model    {} ({})", model_.name, config_.model.name),
      fmt::format("images   {} of up to {}", images, program.batch()),
      fmt::format("size     {} x {}, {} channels, {} steps", shape.h, shape.w, shape.c, config_.steps_of_all_phases()),
      fmt::format("backend  {}{}", device_.backend->description(), workers),
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
