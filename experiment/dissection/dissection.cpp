#include "experiment/dissection/dissection.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiment/dissection/bases.h"
#include "experiment/dissection/concept_folder.h"
#include "experiment/dissection/dissection_report.h"
#include "experiment/dissection/dissection_state.h"
#include "experiment/dissection/layer_maps.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

// Photographs that are in memory together, and lend each other their masks. Part of what a result depends on.
constexpr size_t kGroup = 64;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

class Dissection {
 public:
  explicit Dissection(const DissectOptions& options)
      : options_(options),
        data_(options.data),
        model_(load_model(find_model(options.model))),
        maps_(model_, options.layer, options.units, options.size > 0 ? options.size : model_.height,
              options.size > 0 ? options.size : model_.width),
        above_(AlignedAxis(options.alignment, maps_.map_height(), maps_.height(), maps_.field().rows),
               AlignedAxis(options.alignment, maps_.map_width(), maps_.width(), maps_.field().columns)),
        bases_(add_bases(options, maps_)),
        asked_(request()),
        state_(empty_state(0)) {}

  DissectResult execute();

 private:
  [[nodiscard]] Json request() const;
  [[nodiscard]] std::string state_path() const { return options_.out + "/state.safetensors"; }
  void check_out() const;
  void take_up();
  [[nodiscard]] DissectionState empty_state(size_t rows) const;
  [[nodiscard]] int64_t bytes_to_count() const;
  void check_photographs();
  [[noreturn]] void refuse_other_photographs() const;
  void open_device();
  bool read_all();  // one reading; false when it was stopped
  [[nodiscard]] std::vector<std::string> next_group() const;
  bool process(const std::vector<std::string>& names);
  [[nodiscard]] std::vector<LabelledPhotograph> read_group(const std::vector<std::string>& names);
  void offer(const std::string& name, const std::vector<float>& maps);
  using Masks = std::vector<const LabelPlanes*>;  // the photograph's own, then those of others, by permutation
  void count(const Masks& masks, const std::vector<float>& maps);
  void finish_reading();
  void save();
  void report_status(const std::string& name);
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  DissectOptions options_;
  ConceptFolder data_;
  Model model_;
  DeviceChoice device_;  // outlives the program of `maps_`
  LayerMaps maps_;
  PixelsAbove above_;
  std::vector<Basis> bases_;
  Json asked_;
  DissectionState state_;
  int64_t all_ = 0;  // photographs in the folder
  int64_t now_ = 0;  // readings by this call
  Clock::time_point start_ = Clock::now(), saved_ = Clock::now();
  double seconds_to_save_ = 0;
};

Json Dissection::request() const {
  Json request = {{"model", model_.name},
                  {"layer", maps_.layer()},
                  {"fingerprint", std::to_string(maps_.fingerprint())},
                  {"concepts", std::to_string(data_.fingerprint())},
                  {"units", maps_.units()},
                  {"quantile", options_.quantile},
                  {"approximate", options_.approximate},
                  {"align", name_of(options_.alignment)},
                  {"size", {maps_.height(), maps_.width()}},
                  {"permutations", options_.permutations},
                  {"seed", options_.seed},
                  {"top", options_.top}};
  request.update(bases_asked(options_));
  return request;
}

DissectionState Dissection::empty_state(size_t rows) const {
  return {ConceptCounts(rows, data_.category_of(), data_.categories().size()),
          static_cast<size_t>(options_.permutations), std::min(rows, maps_.units().size()),
          static_cast<size_t>(options_.top)};
}

// Of a row: the counts of pixels, and the pages that activations of some forty powers of two touch.
int64_t Dissection::bytes_to_count() const {
  const size_t numbers = data_.concepts().size() + data_.categories().size();
  const size_t counts = numbers * sizeof(int64_t) * (1 + static_cast<size_t>(options_.permutations));
  return static_cast<int64_t>(maps_.rows() * (counts + 40 * 1024));
}

// Results inside the folder of photographs would count as photographs in the next call.
void Dissection::check_out() const {
  if (data_.photographs().covers(options_.out))
    fail(options_.out, "lies in {}/images; choose another --out", options_.data);
  if (fs::exists(state_path())) return;
  if (fs::exists(options_.out) && (!fs::is_directory(options_.out) || !fs::is_empty(options_.out)))
    fail(options_.out, "is not empty and holds no dissection; choose another --out");
}

void Dissection::take_up() {
  if (options_.restart) {
    fs::remove(state_path());
    fs::remove_all(options_.out + "/pictures");
  }
  if (fs::exists(state_path())) state_.read(state_path(), asked_);
}

void Dissection::refuse_other_photographs() const {
  fail(options_.data, "has other photographs than when the dissection began; --restart begins again");
}

void Dissection::check_photographs() {
  const PhotoFolder::Count count = data_.photographs().count(state_.last);
  all_ = count.all;
  const bool same_so_far = count.up_to_last == state_.done && count.keys == state_.keys;
  if (!same_so_far || (state_.reading != Reading::histogram && all_ != state_.all)) refuse_other_photographs();
}

void Dissection::open_device() {
  device_ = choose_device(options_.device);
  if (options_.progress != nullptr && !device_.note.empty()) options_.progress->on_message(device_.note);
  require_memory(*device_.backend, bytes_to_count());
}

DissectResult Dissection::execute() {
  check_out();
  open_device();
  state_ = empty_state(maps_.rows());
  take_up();
  check_photographs();
  if (state_.backend.empty()) state_.backend = device_.backend->description();
  maps_.plan(*device_.backend, std::min<int64_t>(device_.batch, all_));
  DissectResult result;
  result.photographs = all_;
  start_ = saved_ = Clock::now();
  while (state_.reading != Reading::done && !result.interrupted) {
    result.interrupted = !read_all();
    if (state_.done + state_.in_group > 0 || state_.reading != Reading::histogram) save();
  }
  result.now = now_;
  result.seconds = seconds_since(start_);
  if (result.interrupted) return result;
  DissectionReport report{options_, data_, maps_, above_, bases_, state_};
  result.record = report.record(asked_);
  try {
    result.interrupted = !report.draw_pictures(result.record);
    if (!result.interrupted) result.page = report.write(result.record);
  } catch (const Stopped&) {
    result.interrupted = true;
  }
  return result;
}

// A group, or one more where a single photograph would be left, which has nobody to lend it masks.
std::vector<std::string> Dissection::next_group() const {
  std::vector<std::string> names = data_.photographs().after(state_.last, kGroup + 2);
  if (names.size() > kGroup + 1) names.resize(kGroup);
  return names;
}

bool Dissection::read_all() {
  for (;;) {
    const std::vector<std::string> names = next_group();
    if (names.empty()) break;
    try {
      if (!process(names)) return false;
    } catch (const Stopped&) {
      return false;
    }
  }
  finish_reading();
  return true;
}

std::vector<LabelledPhotograph> Dissection::read_group(const std::vector<std::string>& names) {
  // Masks are looked at in the first reading too: what is wrong with them shows before the work.
  const auto masks =
      state_.reading == Reading::refinement ? ConceptFolder::Masks::left_out : ConceptFolder::Masks::read;
  std::vector<LabelledPhotograph> group;
  for (const std::string& name : names) {
    stop_if_requested();
    group.push_back(data_.read(name, maps_.height(), maps_.width(), masks));
    report_status(name);
  }
  return group;
}

// The photographs of a group that are not done. False when it was stopped before its end; of a batch that was begun all are counted.
bool Dissection::process(const std::vector<std::string>& names) {
  uint64_t keys = 0;
  for (const std::string& name : names) keys += name_key(name);
  if (state_.in_group > 0 && keys != state_.group_keys) refuse_other_photographs();
  state_.group_keys = keys;
  const std::vector<LabelledPhotograph> group = read_group(names);
  const uint64_t group_seed = options_.seed * 0x9E3779B97F4A7C15U + name_key(names.front());
  const std::vector<size_t> shifts = mask_shifts(names.size(), state_.chance.size(), group_seed);
  for (auto at = static_cast<size_t>(state_.in_group); at < names.size();) {
    if (stop_asked()) return false;
    std::vector<const HostTensor*> images;
    for (size_t i = at; i < std::min(at + maps_.batch(), names.size()); ++i) images.push_back(&group[i].image);
    for (const std::vector<float>& maps : maps_.of(images)) {
      Masks masks = {&group[at].labels};
      for (const size_t shift : shifts) masks.push_back(&group[(at + shift) % names.size()].labels);
      if (state_.reading == Reading::histogram) offer(names[at], maps);
      if (state_.reading == Reading::histogram) state_.histogram.add(maps);
      if (state_.reading == Reading::refinement) state_.refinement->add(maps);
      if (state_.reading == Reading::counts) count(masks, maps);
      ++at;
    }
    now_ += std::ssize(images);
    state_.in_group = static_cast<int64_t>(at);
    report_status(names[at - 1]);
    // Saving may take a twentieth of the time.
    if (seconds_since(saved_) >= std::max(options_.seconds_between_saves, 20 * seconds_to_save_)) save();
  }
  state_.keys += keys;
  state_.last = names.back();
  state_.done += std::ssize(names);
  state_.in_group = 0;
  return true;
}

void Dissection::offer(const std::string& name, const std::vector<float>& maps) {
  for (size_t unit = 0; unit < state_.top.size(); ++unit) {
    float highest = maps[unit];
    for (size_t at = unit; at < maps.size(); at += maps_.rows()) highest = std::max(highest, maps[at]);
    state_.top[unit].offer({name, 0, 0}, {highest});
  }
}

void Dissection::count(const Masks& masks, const std::vector<float>& maps) {
  std::vector<ConceptCounts*> counts = {&state_.counts};
  for (size_t round = 0; round + 1 < masks.size(); ++round) counts.push_back(&state_.chance[round]);
  for (size_t i = 0; i < masks.size(); ++i) counts[i]->add_masks(*masks[i]);
  const size_t rows = maps_.rows();
  if (rows == 0) return;
  std::vector<char> responds(rows, 0);  // few do, to one photograph
  for (size_t at = 0; at < maps.size();)
    for (size_t row = 0; row < rows; ++row, ++at) responds[row] |= static_cast<char>(maps[at] > state_.thresholds[row]);
  std::vector<float> map(maps.size() / rows);
  for (size_t row = 0; row < rows; ++row) {
    if (responds[row] == 0) continue;
    for (size_t position = 0; position < map.size(); ++position) map[position] = maps[position * rows + row];
    const std::span<const uint32_t> pixels = above_.find(map, state_.thresholds[row]);
    for (size_t i = 0; i < masks.size(); ++i) counts[i]->add_unit(row, pixels, *masks[i]);
  }
}

void Dissection::finish_reading() {
  const size_t rows = maps_.rows();
  if (state_.reading == Reading::histogram) {
    state_.all = state_.done;
    state_.all_keys = state_.keys;
    state_.positions = state_.histogram.count();
    std::vector<QuantileBin> bins;
    for (size_t row = 0; row < rows; ++row) bins.push_back(state_.histogram.bin(row, options_.quantile));
    state_.histogram = ActivationHistogram(rows);
    // At the upper end of its bin at most the wanted share exceeds a threshold; it may be fewer by what is inside.
    for (size_t row = 0; row < rows && options_.approximate; ++row)
      state_.thresholds.push_back(from_ordered_bits(static_cast<uint32_t>(bins[row].upper) << 16U | 0xFFFFU));
    state_.refinement = std::make_unique<QuantileRefinement>(std::move(bins));
    state_.reading = options_.approximate ? Reading::counts : Reading::refinement;
  } else {
    if (state_.done != state_.all || state_.keys != state_.all_keys) refuse_other_photographs();
    if (state_.reading == Reading::refinement) {
      for (size_t row = 0; row < rows; ++row) state_.thresholds.push_back(state_.refinement->threshold(row));
      state_.refinement = std::make_unique<QuantileRefinement>(state_.refinement->bins());
    }
    state_.reading = state_.reading == Reading::refinement ? Reading::counts : Reading::done;
  }
  if (state_.reading == Reading::done) return;
  state_.last.clear();
  state_.done = 0;
  state_.keys = 0;
}

void Dissection::save() {
  const Clock::time_point begin = Clock::now();
  const StopLater whole;
  make_folder(options_.out);
  state_.write(state_path(), asked_);
  saved_ = Clock::now();
  seconds_to_save_ = seconds_since(begin);
}

void Dissection::report_status(const std::string& name) {
  if (options_.progress == nullptr || !options_.progress->due()) return;
  const int64_t readings = options_.approximate ? 2 : 3;
  const int64_t before = state_.reading == Reading::histogram ? 0
                         : state_.reading == Reading::counts  ? readings - 1
                                                              : 1;
  const int64_t left = (readings - before) * all_ - state_.done - state_.in_group;
  const double seconds = now_ == 0 ? -1 : seconds_since(start_) / static_cast<double>(now_) * static_cast<double>(left);
  options_.progress->on_status(fmt::format("reading {} of {}: {}/{} photographs  {}", before + 1, readings,
                                           state_.done + state_.in_group, all_, printable(name)),
                               seconds);
}

}  // namespace

DissectResult dissect(const DissectOptions& options) { return Dissection(options).execute(); }

}  // namespace phosphene
