#include "experiment/examples/examples.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>

#include "experiment/examples/examples_index.h"
#include "experiment/examples/examples_report.h"
#include "experiment/photos/photo_file.h"
#include "experiment/run/run_folder.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNamesAtOnce = 4096;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The state of a running search.
class ExampleSearch {
 public:
  explicit ExampleSearch(const ExamplesOptions& options)
      : options_(options),
        photographs_(options.folder),
        model_(load_model(find_model(options.model))),
        responses_(model_, options.layer, options.units, options.scales),
        request_(examples_request(model_.name, responses_, options.per_unit)),
        rendered_(rendered_pictures(options.render, model_, responses_)),
        state_(responses_.units().size(), static_cast<size_t>(options.per_unit)) {}

  ExamplesResult execute();

 private:
  [[nodiscard]] std::string index_path() const { return options_.out + "/index.json"; }
  void take_up();
  void check_out() const;
  void check_photographs();
  void start_over() const;
  void process_all();
  [[nodiscard]] std::vector<UnitHighest> highest() const;
  void process(const std::string& name);
  void skip(const std::string& name, const std::string& reason);
  void save();
  void report(const std::string& line) const {
    if (options_.progress != nullptr && !line.empty()) options_.progress->on_message(line);
  }
  [[nodiscard]] bool stop_asked() const { return options_.stop != nullptr && options_.stop->load(); }

  ExamplesOptions options_;
  PhotoFolder photographs_;
  Model model_;
  DeviceChoice device_;  // once there is something to compute; outlives the programs of `responses_`
  UnitResponses responses_;
  Json request_, rendered_, index_;
  ExamplesState state_;
  int64_t all_ = 0;  // photographs in the folder
  int64_t now_ = 0;  // looked at by this call
  int64_t skipped_now_ = 0;
  Clock::time_point start_ = Clock::now(), saved_ = Clock::now();
};

// Crops inside the folder of photographs would count as photographs in the next call.
void ExampleSearch::check_out() const {
  if (photographs_.covers(options_.out))
    fail(options_.out, "lies in {}, so that its crops would count as photographs; choose another --out",
         options_.folder);
  if (fs::exists(index_path())) return;
  if (fs::exists(options_.out) && (!fs::is_directory(options_.out) || !fs::is_empty(options_.out)))
    fail(options_.out, "is not empty and holds no examples; choose another --out");
}

void ExampleSearch::start_over() const {
  fs::remove(index_path());
  for (const char* folder : {"/crops", "/rendered"}) fs::remove_all(options_.out + folder);
}

void ExampleSearch::take_up() {
  check_out();
  if (options_.restart) start_over();
  if (!fs::exists(index_path())) return;
  const Json there = read_json(index_path());
  if (!there.contains("asked")) fail(index_path(), "is not an index of examples; choose another --out");
  const std::string difference = first_difference(there["asked"], request_);
  if (!difference.empty())
    fail(options_.out, "holds other examples: {}; choose another --out, or delete them with --restart", difference);
  read_state(there, index_path(), responses_, state_);
}

void ExampleSearch::check_photographs() {
  const PhotoFolder::Count count = photographs_.count(state_.last);
  all_ = count.all;
  if (all_ == 0) {
    const std::string others = photographs_.left_out().in_words();
    fail(options_.folder, "contains no photograph (.jpg, .jpeg or .png){}{}", others.empty() ? "" : "; it holds ",
         others);
  }
  if (count.up_to_last != state_.photographs || count.keys != state_.keys) {
    fail(options_.folder,
         "of its photographs {} were looked at up to '{}', where other photographs stand now ({}); "
         "--restart begins again",
         state_.photographs, state_.last, count.up_to_last);
  }
}

ExamplesResult ExampleSearch::execute() {
  take_up();
  check_photographs();
  if (!options_.render.empty() && rendered_.empty())
    report(fmt::format("{} has no picture of these units of {}", options_.render, responses_.layer()));
  start_ = Clock::now();
  if (state_.photographs < all_) process_all();
  ExamplesResult result;
  result.photographs = state_.photographs;
  result.skipped = state_.skipped;
  result.skipped_kinds = state_.skipped_kinds;
  result.left_out = photographs_.left_out().in_words();
  result.now = now_;
  result.seconds = seconds_since(start_);
  result.interrupted = stop_asked();
  if (result.photographs > 0) save();
  if (result.interrupted) return result;
  if (state_.skipped == state_.photographs) {
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : state_.skipped_kinds) kinds.push_back(fmt::format("{}: {}", kind, count));
    fail(options_.folder, "none of its {} photographs can be read ({})", state_.photographs, fmt::join(kinds, ", "));
  }
  result.interrupted = !write_crops(index_, photographs_, options_);
  if (result.interrupted) return result;
  result.highest = highest();
  result.page = write_examples_page(options_.out, index_, rendered_, options_.render);
  return result;
}

std::vector<UnitHighest> ExampleSearch::highest() const {
  std::vector<UnitHighest> all;
  for (size_t unit = 0; unit < responses_.units().size(); ++unit) {
    all.push_back({responses_.units()[unit], {}});
    for (const Example& example : state_.selection.units[unit].highest.sorted())
      all.back().photographs.emplace_back(example.photograph.name, example.response.activation);
  }
  return all;
}

void ExampleSearch::process_all() {
  device_ = choose_device(options_.device);
  report(device_.note);
  if (state_.backend.empty()) state_.backend = device_.backend->description();
  responses_.plan(*device_.backend);
  start_ = saved_ = Clock::now();
  for (;;) {
    const std::vector<std::string> names = photographs_.after(state_.last, kNamesAtOnce);
    if (names.empty()) return;
    for (const std::string& name : names) {
      if (stop_asked()) return;
      try {
        process(name);
      } catch (const Stopped&) {  // inside the network: this photograph is left for the next time
        return;
      }
      if (seconds_since(saved_) >= options_.seconds_between_saves) save();
    }
  }
}

void ExampleSearch::process(const std::string& name) {
  try {
    const Photo photo = read_photo(photographs_.file(name));
    state_.selection.offer({name, photo.height, photo.width}, responses_.to(photo));
  } catch (const std::bad_alloc&) {
    skip(name, "needs more memory than there is");
  } catch (const Error& error) {
    if (error.blame() != Blame::user) throw;
    skip(name, error.within());
  }
  ++now_;
  ++state_.photographs;
  state_.last = name;
  state_.keys += name_key(name);
  if (options_.progress == nullptr || !options_.progress->due()) return;
  const int64_t left = std::max<int64_t>(0, all_ - state_.photographs);
  options_.progress->on_status(fmt::format("{}/{} photographs  {}", state_.photographs, all_, printable(name)),
                               seconds_since(start_) / static_cast<double>(now_) * static_cast<double>(left));
}

void ExampleSearch::skip(const std::string& name, const std::string& reason) {
  ++state_.skipped;
  if (state_.first_skipped.size() < ExamplesState::kSkippedNamed) state_.first_skipped.emplace_back(name, reason);
  ++state_.skipped_kinds[kind_of_reason(reason)];
  constexpr int64_t kTold = 20;  // with a line of their own
  if (++skipped_now_ <= kTold) report(fmt::format("skipped {}: {}", printable(name, kWholeName), reason));
  if (skipped_now_ == kTold + 1) report("more are skipped; index.json counts the reasons and names the first 100");
}

void ExampleSearch::save() {
  index_ = examples_index(request_, options_.folder, photographs_.left_out(), state_, responses_);
  make_folder(options_.out);
  write_file(index_path(), to_lines(index_));
  saved_ = Clock::now();
}

}  // namespace

ExamplesResult find_examples(const ExamplesOptions& options) { return ExampleSearch(options).execute(); }

}  // namespace phosphene
