#include "experiment/run/run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "experiment/config/sweep.h"
#include "experiment/image/start_pictures.h"
#include "experiment/pages/power_spectrum_json.h"
#include "experiment/photos/photo_file.h"
#include "experiment/run/report.h"
#include "experiment/run/run_folder.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

constexpr int64_t kAutomaticBatch =
    4;  // images: enough to fill the convolutions, small enough for the caches (docs/benchmarks.md)
constexpr size_t kCurvePoints = 128;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string layers_of(const Config& config) {
  std::vector<std::string> names;
  for (const Term& term : config.objective) {
    if (term.kind != TermKind::penalty) names.push_back(term.layer.empty() ? "the logits" : "'" + term.layer + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

int64_t steps_before(const Config& config, size_t phase) {
  int64_t steps = 0;
  for (size_t i = 0; i < phase; ++i) steps += config.phase(i).steps;
  return steps;
}

// The objective of a phase on the network's shapes alone.
class ObjectiveCheck {
 public:
  ObjectiveCheck(const Model& model, const Config& config)
      : shape_{config.images, model.channels, config.height > 0 ? config.height : model.height,
               config.width > 0 ? config.width : model.width},
        network_(model, graph_, input()),
        references_(graph_, model, config, shape_, [this](ValueId /*photograph*/) { return input(); }),
        objective_(graph_, network_, model, config, config.images, image(config), &references_) {}

  void check(const std::vector<BatchImage>& slots) const { objective_.check(slots); }

 private:
  [[nodiscard]] ValueId input() { return graph_.state("input", {shape_, Layout::channels_last, DType::f32}); }

  [[nodiscard]] ImageValues image(const Config& config) {
    const auto planar = [this](const char* name, int64_t channels) {
      return graph_.state(name, {{shape_.n, channels, shape_.h, shape_.w}, Layout::planar, DType::f32});
    };
    return {planar("image", shape_.c), config.transparency ? planar("alpha", 1) : kNoValue};
  }

  Shape shape_;
  Graph graph_;
  ModelGraph network_;
  ReferencePhotos references_;
  ObjectivePart objective_;
};

// Of the colours, without alpha.
PowerSpectrum spectrum_of(const HostTensor& pictures, size_t slot, bool transparent) {
  const int64_t c = pictures.dims.at(1), h = pictures.dims.at(2), w = pictures.dims.at(3);
  const int64_t colours = transparent ? c - 1 : c;
  const std::span<const float> picture =
      std::span<const float>(pictures.data)
          .subspan(slot * static_cast<size_t>(c * h * w), static_cast<size_t>(colours * h * w));
  return power_spectrum(picture, colours, h, w);
}

// One experiment under way.
class Run {
 public:
  Run(const Config& config, const RunOptions& options)
      : config_(config),
        options_(options),
        device_(choose_device(device_for(options.out, options.device))),
        model_(load_model(find_model(config.model, config.directory))),
        jobs_(expand(config)) {
    for (Job& job : jobs_) job.structure += to_string(needed_channels(model_, job.config.objective));
    batches_ = pack(jobs_, std::max(capacity_, config.images));
    for (const auto& batch : batches_) images_ += std::ssize(batch);
  }

  RunResult execute();
  std::vector<std::string> describe();

 private:
  using Batch = std::vector<JobImage>;

  [[nodiscard]] const std::string& name(const JobImage& image) const {
    return jobs_[image.job].names[static_cast<size_t>(image.image)];
  }
  [[nodiscard]] const Config& config_of(const Batch& batch) const { return jobs_[batch.front().job].config; }
  [[nodiscard]] std::vector<BatchImage> slots(const Batch& batch, size_t phase) const;
  [[nodiscard]] Json frozen() const;
  void check_objectives() const;
  void keep_implementations() const;
  [[nodiscard]] int64_t pixels(const Batch& batch) const;
  void fit_batches();
  void plan(const Batch& batch);
  [[nodiscard]] int64_t bytes_to_take() const;
  StepProgram& program_for(const Batch& batch, size_t phase);
  void render(const Batch& batch);
  bool steps(const Batch& batch, size_t phase, StepProgram& program);
  void keep_curves(const Config& phase, StepProgram& program);
  void give_up(const Batch& batch, size_t slot, const std::string& reason, int64_t step);
  void check_gradient(const Batch& batch, size_t phase, StepProgram& program);
  void check_stopped(const Batch& batch, size_t phase, StepProgram& program);
  void start_snapshot(const Batch& batch, StepProgram& program, int64_t step);
  void write_snapshot(const Batch& batch, const StepProgram& program);
  void finish(const Batch& batch, StepProgram& program);
  void save_floats(const Batch& batch, StepProgram& program, const HostTensor& pictures, size_t slot);
  [[nodiscard]] Json record(const JobImage& image, const std::vector<float>& curve) const;
  void tell(const Batch& batch, size_t phase, StepProgram& program, int64_t step);
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  Config config_;
  RunOptions options_;
  DeviceChoice device_;
  Model model_;
  std::vector<Job> jobs_;
  int64_t capacity_ = config_.batch > 0 ? config_.batch : kAutomaticBatch;  // images of a batch
  std::vector<Batch> batches_;
  int64_t images_ = 0;
  std::unique_ptr<RunFolder> folder_;
  std::vector<std::unique_ptr<StepProgram>> programs_;  // by phase
  std::string programs_key_;
  std::vector<bool> given_up_;              // by slot of the batch under way
  std::vector<std::vector<float>> curves_;  // by slot: the objective of each step
  std::unique_ptr<Transfer> snapshot_;      // on its way from the device
  int64_t snapshot_step_ = 0;
  RunResult result_;
  Clock::time_point start_ = Clock::now();
  double steps_done_ = 0, steps_ahead_ = 0;  // image steps of this call
};

std::vector<BatchImage> Run::slots(const Batch& batch, size_t phase) const {
  std::vector<BatchImage> slots;
  for (const JobImage& image : batch)
    slots.push_back({&jobs_[image.job].config.phase(phase), image.image, jobs_[image.job].index});
  return slots;
}

Json Run::frozen() const {
  Json sweep = Json::object();
  for (const auto& [name, keys] : config_.variants) sweep["variants"][name] = keys;
  for (const auto& [pointer, values] : config_.sweep) sweep[pointer] = values;
  Json config = config_.json;
  if (!sweep.empty()) config["sweep"] = sweep;
  Json frozen = {{"phosphene", PHOSPHENE_VERSION},
                 {"model", model_.name},
                 {"backend", device_.backend->description()},
                 {"images", images_},
                 {"batch", batches_.front().size()},
                 {"config", config}};
  if (device_.autotuned) frozen["autotuned"] = true;
  return frozen;
}

// Of the largest phase, all images together.
int64_t Run::pixels(const Batch& batch) const {
  int64_t most = 0;
  for (size_t i = 0; i < config_of(batch).phases(); ++i) {
    const Config& phase = config_of(batch).phase(i);
    most = std::max(most,
                    (phase.height > 0 ? phase.height : model_.height) * (phase.width > 0 ? phase.width : model_.width));
  }
  return most * std::ssize(batch);
}

// Fewer images at a time where memory does not hold the usual number. A config's own number is not changed.
void Run::fit_batches() {
  for (;;) {
    const Batch& largest = *std::max_element(batches_.begin(), batches_.end(),
                                             [this](const Batch& a, const Batch& b) { return pixels(a) < pixels(b); });
    try {
      return plan(largest);
    } catch (const OutOfMemory&) {
      capacity_ = std::ssize(largest) - 1;
      if (config_.batch > 0 || capacity_ < config_.images) throw;
    }
    batches_ = pack(jobs_, capacity_);
  }
}

// One program for each phase, for every batch of one structure; its size is that of the first, the largest.
void Run::plan(const Batch& batch) {
  const Config& config = config_of(batch);
  programs_.clear();  // free their memory before the next take their own
  for (size_t i = 0; i < config.phases(); ++i)
    programs_.push_back(std::make_unique<StepProgram>(model_, config.phase(i), std::ssize(batch), *device_.backend));
  programs_key_ = jobs_[batch.front().job].structure;
  if (folder_ != nullptr) keep_implementations();
  require_memory(*device_.backend, bytes_to_take());
}

// By all phases' programs: each keeps its memory until the next structure's are planned.
int64_t Run::bytes_to_take() const {
  int64_t bytes = 0;
  for (const auto& program : programs_) bytes += program->bytes_to_take() + program->bytes_to_show();
  return bytes;
}

StepProgram& Run::program_for(const Batch& batch, size_t phase) {
  if (programs_.empty() || jobs_[batch.front().job].structure != programs_key_ ||
      std::ssize(batch) > programs_.front()->batch())
    plan(batch);
  return *programs_[phase];
}

// After each planning: what was chosen then holds for every later start.
void Run::keep_implementations() const {
  if (options_.device.autotune) folder_->write_implementations(device_.backend->implementation_choices());
}

// That every job's layers, units and positions exist, the last one's as early as the first's. A graph has shapes before it is planned,
// here those of whole layers.
void Run::check_objectives() const {
  std::string key;
  std::vector<std::unique_ptr<ObjectiveCheck>> checks;  // by phase
  for (size_t job = 0; job < jobs_.size(); ++job) {
    const Config& config = jobs_[job].config;
    if (std::string next = structure_key(config); checks.empty() || next != key) {
      key = std::move(next);
      checks.clear();
      check_start_pictures(config, model_);
      for (size_t phase = 0; phase < config.phases(); ++phase)
        checks.push_back(std::make_unique<ObjectiveCheck>(model_, config.phase(phase)));
    }
    Batch images;
    for (int64_t image = 0; image < config.images; ++image) images.push_back({job, image});
    for (size_t phase = 0; phase < config.phases(); ++phase) checks[phase]->check(slots(images, phase));
  }
}

RunResult Run::execute() {
  if (!device_.note.empty() && options_.progress != nullptr) options_.progress->on_message(device_.note);
  check_objectives();
  fit_batches();
  program_for(batches_.front(), 0).start(slots(batches_.front(), 0));  // mistakes show before anything is written
  folder_ = std::make_unique<RunFolder>(options_.out, frozen());
  keep_implementations();
  std::vector<Batch> ahead;
  for (const Batch& batch : batches_) {
    const bool done =
        std::all_of(batch.begin(), batch.end(), [&](const JobImage& image) { return folder_->finished(name(image)); });
    if (done) {
      result_.skipped += std::ssize(batch);
    } else {
      ahead.push_back(batch);
      steps_ahead_ += static_cast<double>(config_of(batch).steps_of_all_phases()) * static_cast<double>(batch.size());
    }
  }
  start_ = Clock::now();
  for (const Batch& batch : ahead) {
    if (stop_asked()) break;
    render(batch);
  }
  result_.interrupted = stop_asked();
  result_.report = write_report(folder_->path());
  return result_;
}

void Run::render(const Batch& batch) {
  const Clock::time_point start = Clock::now();
  const Config& config = config_of(batch);
  given_up_.assign(batch.size(), false);
  curves_.assign(batch.size(), {});
  PhaseEnd before;
  double in_steps = 0;
  for (size_t phase = 0; phase < config.phases(); ++phase) {
    StepProgram& program = program_for(batch, phase);
    program.start(slots(batch, phase), &before);
    const Clock::time_point first_step = Clock::now();
    if (!steps(batch, phase, program)) return;
    in_steps += seconds_since(first_step);
    keep_curves(config.phase(phase), program);
    if (phase + 1 < config.phases()) before = program.end();
  }
  finish(batch, program_for(batch, config.phases() - 1));
  folder_->append_timing({{"first", name(batch.front())},
                          {"images", batch.size()},
                          {"steps", config.steps_of_all_phases()},
                          {"seconds", seconds_since(start)},
                          {"seconds_in_steps", in_steps}});
}

// False when the run was asked to stop: the batch is abandoned.
bool Run::steps(const Batch& batch, size_t phase, StepProgram& program) {
  const Config &config = config_of(batch), &now = config.phase(phase);
  const int64_t before = steps_before(config, phase);
  for (int64_t step = 0; step <= now.steps; ++step) {
    if (snapshot_ != nullptr && snapshot_->done()) write_snapshot(batch, program);
    const bool wanted = std::binary_search(config.snapshots.begin(), config.snapshots.end(), before + step);
    if (wanted && (phase == 0 || step > 0)) start_snapshot(batch, program, before + step);
    if (step == now.steps) break;
    if (stop_asked()) {
      write_snapshot(batch, program);
      return false;
    }
    program.step();
    if (step == 0 && now.carry_over != CarryOver::optimisation) {
      check_stopped(batch, phase, program);  // before the gradient: a stopped image has none
      check_gradient(batch, phase, program);
    }
    steps_done_ += static_cast<double>(batch.size());
    tell(batch, phase, program, step);
    if (std::all_of(given_up_.begin(), given_up_.end(), [](bool gone) { return gone; })) break;
  }
  write_snapshot(batch, program);
  check_stopped(batch, phase, program);
  return true;
}

void Run::keep_curves(const Config& phase, StepProgram& program) {
  const auto history = program.states().read<float>(kHistoryState);
  const auto n = static_cast<size_t>(program.batch());
  for (size_t slot = 0; slot < curves_.size(); ++slot) {
    for (int64_t step = 0; step < phase.steps; ++step)
      curves_[slot].push_back(history[static_cast<size_t>(phase.first_step + step) * n + slot]);
  }
}

void Run::give_up(const Batch& batch, size_t slot, const std::string& reason, int64_t step) {
  given_up_[slot] = true;
  folder_->write_stopped(name(batch[slot]), reason, step);
  result_.stopped.push_back(name(batch[slot]) + ": " + reason);
  if (options_.progress != nullptr) options_.progress->on_message(result_.stopped.back());
}

// After the first step the first moment is the gradient, or a part of it: where all of it is 0, nothing will ever change.
void Run::check_gradient(const Batch& batch, size_t phase, StepProgram& program) {
  for (size_t slot = 0; slot < batch.size(); ++slot) {
    if (given_up_[slot] || program.moves(static_cast<int64_t>(slot))) continue;
    const Config& config = jobs_[batch[slot].job].config.phase(phase);
    std::string proposal;
    for (const Term& term : config.objective) {
      if (!term.layer.empty() && !term.layer.ends_with(":pre"))
        proposal = fmt::format("; try '{}:pre', what stands before its ReLU", term.layer);
    }
    give_up(batch, slot,
            fmt::format("the gradient from {} is exactly zero: the unit is silent{}", layers_of(config), proposal),
            steps_before(config_of(batch), phase) + 1);
  }
}

void Run::check_stopped(const Batch& batch, size_t phase, StepProgram& program) {
  const Config& config = config_of(batch);
  // The stopped_at counts from where the phase's optimisation began.
  const int64_t before = steps_before(config, phase) - config.phase(phase).first_step;
  const auto stopped_at = program.states().read<int64_t>(kStoppedAtState);
  for (size_t slot = 0; slot < batch.size(); ++slot) {
    if (stopped_at[slot] == 0 || given_up_[slot]) continue;
    const std::string layer = program.first_not_finite(slot, stopped_at[slot] - 1);
    give_up(batch, slot,
            fmt::format("the objective on {} is not finite at step {}{}; a smaller learning rate may help",
                        layers_of(config.phase(phase)), before + stopped_at[slot],
                        layer.empty() ? "" : fmt::format(", and '{}' is the first that is not", layer)),
            before + stopped_at[slot]);
  }
}

// The steps after it are asked for while its images are copied.
void Run::start_snapshot(const Batch& batch, StepProgram& program, int64_t step) {
  write_snapshot(batch, program);
  snapshot_ = program.start_images();
  snapshot_step_ = step;
}

void Run::write_snapshot(const Batch& batch, const StepProgram& program) {
  if (snapshot_ == nullptr) return;
  const std::unique_ptr<Transfer> transfer = std::move(snapshot_);
  const auto* pictures = reinterpret_cast<const float*>(transfer->bytes().data());
  const Shape& shape = program.image_shape();
  for (size_t slot = 0; slot < batch.size(); ++slot) {
    if (given_up_[slot]) continue;
    write_png(folder_->file(fmt::format("images/{}_{}.png", name(batch[slot]), snapshot_step_)),
              pictures + static_cast<int64_t>(slot) * shape.c * shape.h * shape.w, shape.c, shape.h, shape.w,
              config_of(batch).transparency.has_value());
  }
}

void Run::finish(const Batch& batch, StepProgram& program) {
  const HostTensor pictures = program.images();
  const Shape& shape = program.image_shape();
  const bool transparent = config_of(batch).transparency.has_value();
  for (size_t slot = 0; slot < batch.size(); ++slot) {
    if (given_up_[slot]) continue;
    write_png(folder_->file("images/" + name(batch[slot]) + ".png"),
              pictures.data.data() + static_cast<int64_t>(slot) * shape.c * shape.h * shape.w, shape.c, shape.h,
              shape.w, transparent);
    if (config_.save_image || config_.save_spectrum) save_floats(batch, program, pictures, slot);
    Json record = this->record(batch[slot], curves_[slot]);
    if (config_.save_power_spectrum) record["spectrum"] = to_json(spectrum_of(pictures, slot, transparent));
    folder_->write_record(name(batch[slot]), record);
    ++result_.finished;
  }
}

void Run::save_floats(const Batch& batch, StepProgram& program, const HostTensor& pictures, size_t slot) {
  const Shape& shape = program.image_shape();
  const auto image_size = static_cast<size_t>(shape.c * shape.h * shape.w);
  std::vector<NamedTensor> tensors;
  if (config_.save_image) {
    tensors.push_back({"image",
                       {shape.c, shape.h, shape.w},
                       std::span<const float>(pictures.data).subspan(slot * image_size, image_size)});
  }
  std::vector<float> re, im;
  if (config_.save_spectrum) {
    const TensorInfo& info = program.states().info(kParameterState);
    const auto parameter = program.states().read<float>(kParameterState);
    const int64_t plane = info.shape.h * info.shape.w;
    for (int64_t c = 0; c < shape.c; ++c) {
      const auto first = parameter.begin() + (static_cast<int64_t>(slot) * shape.c + c) * plane;
      re.insert(re.end(), first, first + plane / 2);
      im.insert(im.end(), first + plane / 2, first + plane);
    }
    tensors.push_back({"re", {shape.c, info.shape.h / 2, info.shape.w}, re});
    tensors.push_back({"im", {shape.c, info.shape.h / 2, info.shape.w}, im});
  }
  make_folder(folder_->file("floats"));
  write_safetensors(folder_->file("floats/" + name(batch[slot]) + ".safetensors"), tensors);
}

Json Run::record(const JobImage& image, const std::vector<float>& curve) const {
  const Job& job = jobs_[image.job];
  const Config& config = job.config;
  const Term& term = leading_term(config);
  Json points = Json::array();
  const size_t stride = std::max<size_t>(1, (curve.size() + kCurvePoints - 1) / kCurvePoints);
  for (size_t step = 0; step < curve.size(); step += stride) points.push_back({step, curve[step]});
  if ((curve.size() - 1) % stride != 0) points.push_back({curve.size() - 1, curve.back()});
  Json snapshots = Json::array();
  for (const int64_t step : config.snapshots) {
    snapshots.push_back({{"step", step}, {"picture", fmt::format("images/{}_{}.png", name(image), step)}});
  }
  Json record = {{"name", name(image)}, {"job", job.index}, {"image", image.image}};
  record["layer"] = term.layer.empty() ? model_.logits() : term.layer;
  if (term.unit) record["unit"] = *term.unit;
  if (!term.label.empty()) record["label"] = term.label;
  record["objective"] = curve.back();
  record["steps"] = config.steps_of_all_phases();
  record["seed"] = config.seed;
  record["terms"] = config.json.at("objective");
  record["picture"] = fmt::format("images/{}.png", name(image));
  record["snapshots"] = snapshots;
  record["sweep"] = job.values;
  record["curve"] = points;
  return record;
}

void Run::tell(const Batch& batch, size_t phase, StepProgram& program, int64_t step) {
  if (options_.progress == nullptr || !options_.progress->due()) return;
  const Config& config = config_of(batch);
  std::vector<float> values(static_cast<size_t>(program.batch()));
  program.states().read_part(
      kHistoryState, (config.phase(phase).first_step + step) * program.batch() * static_cast<int64_t>(sizeof(float)),
      std::as_writable_bytes(std::span<float>(values)));
  double mean = 0;  // of the images that still have a finite objective
  int64_t counted = 0;
  for (size_t slot = 0; slot < batch.size(); ++slot) {
    const float value = values[slot];
    if (!std::isfinite(value)) continue;
    mean += static_cast<double>(value);
    ++counted;
  }
  if (counted > 0) mean /= static_cast<double>(counted);
  const double eta = steps_done_ > 0 ? seconds_since(start_) / steps_done_ * (steps_ahead_ - steps_done_) : -1;
  options_.progress->on_step(name(batch.front()), result_.finished + result_.skipped, images_,
                             steps_before(config, phase) + step + 1, config.steps_of_all_phases(), mean, eta);
}

std::vector<std::string> Run::describe() {
  check_objectives();
  fit_batches();
  const StepProgram& program = *programs_.front();
  const Shape& shape = programs_.back()->image_shape();
  constexpr double kMegabyte = 1e-6;
  const double bytes = static_cast<double>(device_.backend->memory().used + bytes_to_take());
  return {
      fmt::format("model    {} ({})", model_.name, config_.model),
      fmt::format("images   {} in {} jobs, {} batches of up to {}", images_, jobs_.size(), batches_.size(),
                  program.batch()),
      fmt::format("size     {} x {}, {} channels, {} steps", shape.h, shape.w, shape.c, config_.steps_of_all_phases()),
      fmt::format("backend  {}", device_.backend->description()),
      fmt::format("memory   {:.0f} MB", bytes * kMegabyte),
      fmt::format("first    {}", name(batches_.front().front())),
      fmt::format("last     {}", name(batches_.back().back()))};
}

}  // namespace

RunResult run(const Config& config, const RunOptions& options) { return Run(config, options).execute(); }

std::vector<std::string> describe_run(const Config& config, const RunOptions& options) {
  return Run(config, options).describe();
}

}  // namespace phosphene
