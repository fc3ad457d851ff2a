// phosphene: parses the command line, runs one command, turns every error into one line and an exit code.
//   0 done   1 our fault   2 the user's mistake, or the machine's lack (disk, memory)   130 interrupted
#include <fmt/format.h>
#include <malloc.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/instruction_set.h"
#include "cli/interrupt.h"
#include "cli/spinning.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kProgramDescription =
    "Phosphene makes pictures of what the units of a trained vision network respond to.\n"
    "Start with a model (phosphene convert), look at its layers (phosphene inspect), then draw one of its "
    "channels (phosphene render --model M --channel LAYER:UNIT) or a whole config (phosphene render CONFIG.json).";

std::string version() {
  const std::string features = cpu_features();
  return fmt::format("phosphene {}\n{}\ncpu features: {}", PHOSPHENE_VERSION, make_cpu_backend()->description(),
                     features.empty() ? "unknown" : features);
}

int report(int exit_code, const std::string& what) {
  fmt::print(stderr, "phosphene: error: {}\n", what);
  return exit_code;
}

// CLI11 names what it did not expect; for a command or an option this adds what may have been meant.
std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<std::string> known;
  const CLI::App* reached = &app;
  for (const CLI::App* command : app.get_subcommands()) reached = command;
  for (const CLI::App* command : reached->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  for (const CLI::Option* option : reached->get_options()) known.push_back(option->get_name());
  std::string what = error.what();
  for (const std::string& extra : reached->remaining()) {
    what = fmt::format("'{}' was not expected{}", extra, suggestion(extra, known));
    break;
  }
  if (what.find("subcommand") != std::string::npos) what = "a command is needed";
  return fmt::format("{}; `phosphene {}{}--help` explains", what, reached == &app ? "" : reached->get_name(),
                     reached == &app ? "" : " ");
}

int run_program(int argc, char** argv) {
  CLI::App app(kProgramDescription, "phosphene");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  add_convert_command(app);
  add_inspect_command(app);
  add_classify_command(app);
  add_render_command(app);
  add_report_command(app);
  add_schema_command(app);
  add_examples_command(app);
  add_gradients_command(app);
  add_adversarial_command(app);
  add_probe_command(app);
  add_bench_command(app);
  add_check_command(app);
  const std::atomic<bool>& interrupted = catch_interrupts();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report, like a full disk
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return report(2, explain(app, error));
  }
  if (std::fflush(stdout) != 0) return report(2, fmt::format("standard output: {}", std::strerror(errno)));
  return interrupted ? kInterruptedExitCode : 0;
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  phosphene::stop_spinning(argv);
  mallopt(M_MMAP_THRESHOLD, 1 << 17);  // what is freed goes back to the machine: a threshold that is set does not grow
  try {
    return phosphene::run_program(argc, argv);
  } catch (const phosphene::Error& error) {
    return phosphene::report(error.blame() == phosphene::Blame::user ? 2 : 1, error.what());
  } catch (const std::system_error& error) {  // files and streams
    return phosphene::report(2, error.what());
  } catch (const std::bad_alloc&) {
    return phosphene::report(2, "memory: not enough for this; a smaller --size or --batch needs less");
  } catch (const std::exception& error) {
    return phosphene::report(1, fmt::format("internal: {}", error.what()));
  }
}
