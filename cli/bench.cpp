// phosphene bench: how long a step takes, where the time goes, and what this machine could do at best.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/one_step.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "loaders/json_text.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct BenchOptions {
  OneStepOptions of;
  std::string beside;  // another experiment, or ""
  int64_t steps = 20;
  bool json = false;
};

struct Timing {
  double to_first_step = 0;        // seconds since the program was started
  double median = 0, minimum = 0;  // seconds per step
  std::vector<double> per_op;      // seconds per step of each op of the plan, the mean
  Peaks peaks;                     // of the same device
  int64_t peak_memory = 0;         // bytes
};

// Seconds since the kernel started this process (proc(5), field 22, in clock ticks since boot).
double seconds_since_start() {
  std::ifstream file("/proc/self/stat");
  std::string stat((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));  // the name in field 2 may hold spaces
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9 -
         std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// The mean of `count` steps and one wait: a wait costs a GPU 10 us or so.
double seconds_of_step(OneStep& bench, int64_t count = 1) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < count; ++i) bench.step().step();
  bench.wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(count);
}

// So many steps that one wait is .2 % of them.
int64_t steps_of_a_sample(OneStep& bench) {
  constexpr double kEnough = 5e-3;
  constexpr int64_t kMost = 100;
  seconds_of_step(bench);  // the second step may be recorded
  return std::clamp<int64_t>(static_cast<int64_t>(kEnough / seconds_of_step(bench)), 1, kMost);
}

Timing measure(OneStep& bench, const BenchOptions& options) {
  Timing timing;
  seconds_of_step(bench);
  timing.to_first_step = seconds_since_start();
  const int64_t together = steps_of_a_sample(bench);
  std::vector<double> seconds;
  const LoopProgress progress("steps", 2 * options.steps);
  for (int64_t i = 0; i < options.steps; ++i) {
    seconds.push_back(seconds_of_step(bench, together));
    progress.done(i + 1);
  }
  std::sort(seconds.begin(), seconds.end());
  timing.median = seconds[seconds.size() / 2];
  timing.minimum = seconds.front();
  for (int64_t i = 0; i < options.steps; ++i) {
    bench.step().program().run_timed(timing.per_op);
    progress.done(options.steps + i + 1, "op by op");
  }
  for (double& op : timing.per_op) op /= static_cast<double>(options.steps);
  timing.peak_memory = bench.memory().peak;  // before the matrix product takes some of its own
  timing.peaks = bench.measure_peaks();
  return timing;
}

struct Quartiles {
  double first, median, third;
  explicit Quartiles(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    first = values[values.size() / 4], median = values[values.size() / 2], third = values[values.size() * 3 / 4];
  }
};

// Alternates steps of the two experiments, so that background load hits both and their ratio is steadier than either time.
void run_beside(const BenchOptions& options) {
  OneStepOptions other = options.of;
  other.subject = options.beside;
  const OneStepSubject subject(options.of), beside_subject(other);
  OneStep bench(subject, open_device(options.of.device)), beside(beside_subject, open_device(options.of.device));
  bench.step().start(subject.images);
  beside.step().start(beside_subject.images);
  std::vector<double> seconds, beside_seconds, ratios;
  seconds_of_step(bench), seconds_of_step(beside);  // warms up
  const int64_t together = steps_of_a_sample(bench), beside_together = steps_of_a_sample(beside);
  const LoopProgress progress("pairs of steps", options.steps);
  for (int64_t i = 0; i < options.steps; ++i) {
    seconds.push_back(seconds_of_step(bench, together));
    beside_seconds.push_back(seconds_of_step(beside, beside_together));
    ratios.push_back(beside_seconds.back() / seconds.back());
    progress.done(i + 1);
  }
  const Quartiles each(seconds), beside_each(beside_seconds), ratio(ratios);
  if (options.json) {
    const auto quartiles = [](const Quartiles& q) {
      return Json{{"first_quartile", q.first}, {"median", q.median}, {"third_quartile", q.third}};
    };
    const Json out = {{"step", subject.description()},
                      {"beside", beside_subject.description()},
                      {"backend", bench.backend()},
                      {"steps", options.steps},
                      {"seconds_per_step", quartiles(each)},
                      {"beside_seconds_per_step", quartiles(beside_each)},
                      {"ratio", quartiles(ratio)}};
    print_result("{}\n", json_text(out, 2));
    return;
  }
  print_result("{}, {}\n{} steps of each, alternating; medians, and quartiles in brackets\n",
               printable(subject.model.name), bench.backend(), options.steps);
  for (const auto& [name, q] :
       {std::pair(subject.description(), each), std::pair(beside_subject.description(), beside_each)})
    print_result("{:8.2f} ms ({:.2f} to {:.2f})  {}\n", q.median * 1e3, q.first * 1e3, q.third * 1e3, name);
  print_result("the second takes {:.3f} ({:.3f} to {:.3f}) times the first, pair by pair\n", ratio.median, ratio.first,
               ratio.third);
}

double total_gflop(const Program& program) {
  double sum = 0;
  for (const Program::Step& step : program.steps()) sum += step.flops * 1e-9;
  return sum;
}

void print_json(const OneStepSubject& subject, const OneStep& bench, const BenchOptions& options,
                const Timing& timing) {
  const Program& program = bench.program();
  const double gflop = total_gflop(program);
  const double all = std::accumulate(timing.per_op.begin(), timing.per_op.end(), 0.0);
  Json operations = Json::array();
  for (size_t i = 0; i < program.steps().size(); ++i) {
    const Program::Step& step = program.steps()[i];
    const double seconds = timing.per_op[i];
    operations.push_back({{"layer", step.layer},
                          {"kind", step.kind},
                          {"implementation", step.implementation},
                          {"seconds", seconds},
                          {"gflops", step.flops * 1e-9 / seconds},
                          {"bytes", step.bytes},
                          {"share_of_peak", step.flops / seconds / timing.peaks.flops},
                          {"share_of_bandwidth", static_cast<double>(step.bytes) / seconds / timing.peaks.bytes},
                          {"share", seconds / all}});
  }
  const Json out = {{"model", subject.model.name},
                    {"step", subject.description()},
                    {"layer", subject.config.objective.leading().reads().front().layer},
                    {"size", {subject.image.h, subject.image.w}},
                    {"batch", subject.image.n},
                    {"precision", subject.config.precision == DType::bf16 ? "bf16" : "f32"},
                    {"backend", bench.backend()},
                    {"steps", options.steps},
                    {"seconds_per_step", {{"median", timing.median}, {"min", timing.minimum}}},
                    {"gflop_per_step", gflop},
                    {"gflops", gflop / timing.median},
                    {"peak_gflops", timing.peaks.flops * 1e-9},
                    {"peak_gigabytes_per_second", timing.peaks.bytes * 1e-9},
                    {"share_of_peak", gflop * 1e9 / timing.median / timing.peaks.flops},
                    {"seconds_to_first_step", timing.to_first_step},
                    {"predicted_memory_bytes", bench.predicted_memory().step},
                    {"peak_memory_bytes", timing.peak_memory},
                    {"arena_bytes", program.arena_bytes()},
                    {"constant_bytes", program.constant_bytes()},
                    {"operations", operations}};
  print_result("{}\n", json_text(out, 2));
}

// Which peak an op is nearer to, and how near: what bounds it.
std::string bound(double share_of_flops, double share_of_bytes) {
  return share_of_flops > share_of_bytes ? fmt::format("{:.0f} % flops", 100 * share_of_flops)
                                         : fmt::format("{:.0f} % bytes", 100 * share_of_bytes);
}

void print_table(const OneStepSubject& subject, const OneStep& bench, const BenchOptions& options,
                 const Timing& timing) {
  const std::vector<Program::Step>& steps = bench.program().steps();
  const double all = std::accumulate(timing.per_op.begin(), timing.per_op.end(), 0.0);
  std::vector<size_t> slowest(steps.size());
  std::iota(slowest.begin(), slowest.end(), size_t{0});
  std::stable_sort(slowest.begin(), slowest.end(),
                   [&](size_t a, size_t b) { return timing.per_op[a] > timing.per_op[b]; });
  print_result("{:>8} {:>6} {:>8} {:>8} {:>11}  {:<36} {:<22} {}\n", "ms", "share", "GFLOP/s", "GB/s", "of the peak",
               "layer", "kind", "implementation");
  for (const size_t i : slowest) {
    const double seconds = timing.per_op[i];
    const double flops = steps[i].flops / seconds, bytes = static_cast<double>(steps[i].bytes) / seconds;
    print_result("{:>8.3f} {:>5.1f}% {:>8.1f} {:>8.1f} {:>11}  {:<36} {:<22} {}\n", seconds * 1e3, 100 * seconds / all,
                 flops * 1e-9, bytes * 1e-9, bound(flops / timing.peaks.flops, bytes / timing.peaks.bytes),
                 printable(steps[i].layer, kWholeName), steps[i].kind, steps[i].implementation);
  }
  const double gflops = total_gflop(bench.program()) / timing.median;
  print_result("\n{}, {}, {}\n", printable(subject.model.name), printable(subject.description(), kWholeName),
               bench.backend());
  print_result("step          {:.2f} ms median of {}, {:.2f} ms at best\n", timing.median * 1e3, options.steps,
               timing.minimum * 1e3);
  print_result("speed         {:.0f} GFLOP/s, {:.0f} % of the {:.0f} GFLOP/s of a matrix product here\n", gflops,
               100 * gflops * 1e9 / timing.peaks.flops, timing.peaks.flops * 1e-9);
  print_result("memory        {:.1f} GB/s of a copy here\n", timing.peaks.bytes * 1e-9);
  print_result("first step    {:.2f} s after the start\n", timing.to_first_step);
  print_result("memory used   {:.0f} MB at most, {:.0f} predicted (arena {:.0f}, constants {:.0f})\n",
               static_cast<double>(timing.peak_memory) * kMegabyte,
               static_cast<double>(bench.predicted_memory().step) * kMegabyte,
               static_cast<double>(bench.program().arena_bytes()) * kMegabyte,
               static_cast<double>(bench.program().constant_bytes()) * kMegabyte);
}

void run_bench(const BenchOptions& options) {
  if (!options.beside.empty()) return run_beside(options);
  const OneStepSubject subject(options.of);
  OneStep bench(subject, open_device(options.of.device));
  bench.step().start(subject.images);
  const Timing timing = measure(bench, options);
  if (options.json)
    print_json(subject, bench, options, timing);
  else
    print_table(subject, bench, options, timing);
}

}  // namespace

void add_bench(CLI::App& command) {
  auto options = std::make_shared<BenchOptions>();
  add_details(command,
              "The speed of a large matrix product and of a copy are measured in the same run, and the step is given "
              "as a share of it, so that machines can be compared.");
  add_one_step_options(command, options->of);
  whole_number(command.add_option("--steps", options->steps, "steps to time"), 1, 100000)->capture_default_str();
  value(
      command.add_option("--beside", options->beside,
                         "another experiment or model: alternates steps of the two and prints the ratio of neighbours"),
      kModel);
  command.add_flag("--json", options->json, "machine-readable");
  command.footer(
      "Example:\n  phosphene bench googlenet --layer mixed4a --batch 4\n  phosphene bench configs/demo.json");
  command.callback([options] { run_bench(*options); });
}

}  // namespace phosphene
