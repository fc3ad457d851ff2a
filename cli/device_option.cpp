#include "cli/device_option.h"

#include <fmt/format.h>

#include "cli/option_values.h"
#include "cli/streams.h"

namespace phosphene {

void add_device_options(CLI::App& command, DeviceOptions& options) {
  one_of(command.add_option(
             "--device", options.device,
             "what computes: a GPU where there is one (auto), the CPU, or a GPU (cuda; cuda:1 is the second)"),
         {"auto", "cpu", "cuda"}, "cuda:")
      ->capture_default_str();
  whole_number(command.add_option("--threads", options.threads, "threads of the CPU (default: one per core)"), 0, 1024);
  command.add_flag(
      "--autotune", options.autotune,
      "on the CPU: measure the implementations of each convolution, Winograd's among them, and use the fastest; "
      "choices are kept in the cache folder and in the run folder; results differ by roundings");
  command.add_flag("--tf32", options.tf32, "on a GPU: round the factors of float32 products to 11 bits; faster");
  command.add_flag(
      "--eager", [&options](int64_t) { options.record = false; },
      "on a GPU: enqueue every kernel separately instead of replaying a recorded graph; for debugging");
  command.add_flag("-v,--verbose", options.verbose, "say on stderr what computes, and why it is no GPU");
}

void add_precision_option(CLI::App& command, std::string& precision) {
  one_of(command.add_option(
             "--precision", precision,
             "of the network's activations, gradients and weights: f32, or bf16 (on a GPU, or a CPU with AVX512-BF16 "
             "or AMX-BF16); sums and the image are always f32 (default: the experiment's, or f32)"),
         {"f32", "bf16"});
}

std::unique_ptr<Backend> open_device(const DeviceOptions& options) {
  DeviceChoice choice = choose_device(options);
  if (!choice.note.empty()) note(choice.note);
  return std::move(choice.backend);
}

}  // namespace phosphene
