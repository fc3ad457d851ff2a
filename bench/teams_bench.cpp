// Steps of one image on the CPU, by one program with two threads and by two programs beside each other with one thread each; and how long
// it takes to plan the blocks of channels of one layer, one after the other.
//   build/release/bench/phosphene_teams_bench bvlc_googlenet.caffemodel inception_4a/output 224
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "experiment/config/parse_config.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Subject {
  Model model;
  std::string layer;
  int64_t size = 224;

  [[nodiscard]] Config config(int64_t unit) const {
    const Json json = {{"version", 1},
                       {"model", model.name},
                       {"size", size},
                       {"objective", Json::array({{{"channel", {{"layer", layer}, {"unit", unit}}}}})}};
    return parse_config(json, "", ".");
  }
};

// The first is planned with everything, the others differ from it in the last convolution. Each is gone before the next.
void time_planning(const Subject& subject) {
  constexpr int64_t kBlocks = 6, kBlock = 16;
  const std::unique_ptr<Backend> backend = make_cpu_backend(1);
  fmt::print("| block | planned, ms | constants, MB | shared, MB |\n|---|---|---|---|\n");
  for (int64_t block = 0; block < kBlocks; ++block) {
    const Config config = subject.config(block * kBlock);
    const auto start = Clock::now();
    const StepProgram step(subject.model, config, 1, *backend);
    const double seconds = seconds_since(start);
    fmt::print("| {} | {:.1f} | {:.2f} | {:.2f} |\n", block, 1e3 * seconds,
               1e-6 * static_cast<double>(step.program().constant_bytes()),
               1e-6 * static_cast<double>(step.program().shared_bytes()));
  }
}

// Programs on teams of a backend, and steps per second that they make together.
class Workers {
 public:
  Workers(const Subject& subject, int workers, int threads)
      : config_(subject.config(0)), backend_(make_cpu_backend(threads)) {
    for (int i = 0; i < workers; ++i) {
      teams_.push_back(backend_->team(threads));
      steps_.push_back(std::make_unique<StepProgram>(subject.model, config_, 1, *teams_.back()));
      BatchImage image = batch_image(config_, 0);
      image.seed += static_cast<uint64_t>(i);
      steps_.back()->start({image});
    }
  }

  double steps_per_second(double seconds) {
    std::atomic<int64_t> made{0};
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (const auto& step : steps_) {
      threads.emplace_back([&made, &step, start, seconds] {
        for (; seconds_since(start) < seconds; ++made) step->step();
      });
    }
    for (std::thread& thread : threads) thread.join();
    return static_cast<double>(made) / seconds_since(start);
  }

 private:
  Config config_;
  std::unique_ptr<Backend> backend_;
  std::vector<std::unique_ptr<Backend>> teams_;
  std::vector<std::unique_ptr<StepProgram>> steps_;
};

// Alternating, so that a slow second of the machine falls on both.
void time_steps(const Subject& subject) {
  constexpr int kRounds = 5;
  constexpr double kSeconds = 2;
  Workers together(subject, 1, 2), beside(subject, 2, 1);
  std::vector<double> one, two, ratio;
  for (int round = -1; round < kRounds; ++round) {
    const double a = together.steps_per_second(kSeconds), b = beside.steps_per_second(kSeconds);
    if (round < 0) continue;
    one.push_back(a);
    two.push_back(b);
    ratio.push_back(b / a);
  }
  const auto median = [](std::vector<double>& numbers) {
    std::nth_element(numbers.begin(), numbers.begin() + kRounds / 2, numbers.end());
    return numbers[kRounds / 2];
  };
  fmt::print("\n| one program, two threads | two programs, one thread each | times as many |\n|---|---|---|\n");
  fmt::print("| {:.2f} steps/s | {:.2f} | {:.2f} |\n", median(one), median(two), median(ratio));
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  using namespace phosphene;  // NOLINT(google-build-using-namespace)
  int64_t size = 224;
  const char* const number = argc == 4 ? argv[3] : "224";
  const auto [end, error] = std::from_chars(number, number + std::strlen(number), size);
  if (argc < 3 || argc > 4 || error != std::errc() || *end != '\0') {
    fmt::print(stderr, "phosphene_teams_bench MODEL LAYER [SIZE]\n");
    return 2;
  }
  try {
    const Subject subject{load_model(find_model(argv[1])), argv[2], size};
    time_planning(subject);
    time_steps(subject);
  } catch (const Error& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return failure.blame() == Blame::user ? 2 : 1;
  }
}
