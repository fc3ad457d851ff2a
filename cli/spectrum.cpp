// phosphene spectrum: the mean magnitude spectrum of a folder of photographs.
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/examples/mean_spectrum.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct SpectrumOptions {
  std::string folder, out;
  int64_t size = 256;
};

// "used 24 photographs; skipped 3 (smaller than the size: 2, a broken JPEG: 1); left out: 2 hidden pictures"
std::string summary(const MeanSpectrum& spectrum) {
  std::string line = fmt::format("used {} photograph{}", spectrum.photographs, spectrum.photographs == 1 ? "" : "s");
  std::vector<std::string> kinds;
  int64_t skipped = 0;
  for (const auto& [kind, count] : spectrum.skipped) {
    kinds.push_back(fmt::format("{}: {}", kind, count));
    skipped += count;
  }
  if (skipped > 0) line += fmt::format("; skipped {} ({})", skipped, fmt::join(kinds, ", "));
  if (!spectrum.left_out.empty()) line += "; left out: " + spectrum.left_out;
  return printable(line, kWholeName);
}

void measure(const SpectrumOptions& options) {
  std::unique_ptr<LoopProgress> progress;
  const MeanSpectrum spectrum = mean_spectrum(options.folder, options.size, [&](int64_t read, int64_t all) {
    if (progress == nullptr) progress = std::make_unique<LoopProgress>("photographs", all);
    progress->done(read);
  });
  write_mean_spectrum(options.out, spectrum);
  note(summary(spectrum));
  print_result("{}\n", printable(options.out, options.out.size()));
}

}  // namespace

void add_spectrum(CLI::App& command) {
  auto options = std::make_shared<SpectrumOptions>();
  add_details(
      command,
      "Of each photograph the middle square counts, scaled down to --size, in the colours that phosphene optimises in: "
      "decorrelated, before the sigmoid. Hann's window takes away the bright cross that a photograph's edges leave. "
      "The "
      "mean of the magnitudes is written as the tensor `magnitude`, 3 x SIZE x (SIZE / 2 + 1), which the "
      "parameterization `maco` reads at any size of image. Smaller photographs, and files that cannot be read, are "
      "skipped and counted.");
  value(command.add_option("folder", options->folder, "photographs: every JPEG and PNG in it and below"), kFolder)
      ->required();
  value(command.add_option("--out", options->out, "the safetensors file to write"), kFile)->required();
  whole_number(command.add_option("--size", options->size, "side of the squares in pixels, an even number"), 2, 4096)
      ->capture_default_str();
  command.footer("Example:\n  phosphene spectrum photographs --out magnitude.safetensors --size 512");
  command.callback([options] { measure(*options); });
}

}  // namespace phosphene
