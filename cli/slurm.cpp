// phosphene slurm: a run on many machines. Slurm queues, starts and restarts; the tasks of its array are ordinary renders of one run
// folder, which divide its work among themselves.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/batch_script.h"
#include "cli/child_process.h"
#include "cli/default_folder.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/streams.h"
#include "runtime/error.h"
#include "runtime/file_names.h"
#include "runtime/files.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostTasks = 4'000'000;  // the largest MaxArraySize that a site may set
constexpr int kNoSuchProgram = 127;        // of run_child

struct SlurmOptions {
  std::string config, out;  // the config may be an option of render's: where none stands before --
  std::vector<std::string> more, sbatch;
  int64_t tasks = 0;
  bool dry_run = false, no_check = false;
};

// What render is given besides its folder.
std::vector<std::string> words_for_render(const SlurmOptions& options) {
  std::vector<std::string> words = options.more;
  if (!options.config.empty()) words.insert(words.begin(), options.config);
  return words;
}

// --out or --out=RUN
bool is_option(const std::string& word, std::string_view name) {
  return word == name || (word.starts_with(name) && word[name.size()] == '=');
}

// -h, also in one word with others: -vh
bool asks_for_help(const std::string& word) {
  return word == "--help" ||
         (word.size() > 1 && word[0] == '-' && word.find('h') != std::string::npos &&
          std::all_of(word.begin() + 1, word.end(), [](unsigned char c) { return std::isalpha(c) != 0; }));
}

// What would let every task do the same, or nothing.
void check_words(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (is_option(word, "--out")) fail("--out", "stands before --: the scripts and the report need it too");
    if (is_option(word, "--dry-run")) fail("--dry-run", "stands before --: the tasks are to render");
    if (word == "--autotune") fail("--autotune", "works alone in its folder, and the tasks share one");
    if (is_option(word, "--shard"))
      fail("--shard", "every task would do this part alone; they divide the work among themselves");
    if (asks_for_help(word))
      fail("slurm", "'{}' behind --: `phosphene render --help` explains what may stand there", word);
  }
}

// -a1-4 or --array=1-4, also cut short as sbatch allows: --arr=1-4
bool says_array(const std::string& option) {
  const std::string name = option.substr(0, option.find('='));
  return name.starts_with("-a") || (name.starts_with("--ar") && std::string_view("--array").starts_with(name));
}

void check_sbatch_options(const std::vector<std::string>& options) {
  for (const std::string& option : options) {
    if (!option.starts_with('-'))
      fail("--sbatch-option", "expected an option of sbatch, as in --partition=gpu, got '{}'", option);
    if (says_array(option)) fail("--sbatch-option", "'{}': --array N says how many tasks there are", option);
  }
}

std::string this_program() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) fail("/proc/self/exe", "cannot be read ({})", error.message());
  return path.string();
}

std::string folder_of(const SlurmOptions& options) {
  if (!options.out.empty()) return options.out.starts_with('-') ? "./" + options.out : options.out;
  if (options.config.empty() || options.config.starts_with('-'))
    fail("--out", "is missing: without a config, say where the run is kept");
  return default_folder(fs::path(options.config).stem().string());
}

// The array and what comes after it: their scripts, and where they are kept.
class Submission {
 public:
  explicit Submission(const SlurmOptions& options)
      : tasks_(options.tasks), sbatch_(options.sbatch), run_(folder_of(options)), words_(words_for_render(options)) {
    fs::path whole = fs::absolute(run_).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();  // runs/demo/
    name_ = as_whole_file_name(as_file_name(whole.filename().string()));
    folder_ = whole.string() + ".slurm";  // beside the run: a folder that holds something already is no new run's
  }

  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string array_file() const { return folder_ + "/render.sh"; }
  [[nodiscard]] std::string report_file() const { return folder_ + "/report.sh"; }

  [[nodiscard]] std::vector<std::string> render_command() const {
    std::vector<std::string> command = {program_, "render", "--out", run_};
    command.insert(command.end(), words_.begin(), words_.end());
    return command;
  }

  // The user's options come last, and so may change ours.
  [[nodiscard]] std::string array_script() const {
    std::vector<std::string> options = {fmt::format("--array=1-{}", tasks_),
                                        "--job-name=" + name_,
                                        log_option(folder_, "%A_%a.log"),
                                        "--open-mode=append",
                                        "--requeue",
                                        kTimeToStop};
    options.insert(options.end(), sbatch_.begin(), sbatch_.end());
    return script(
        "Tasks that divide the work of one run folder. One that was ended too early goes on when it runs again.",
        options, render_command());
  }

  // The user's options come first: what tells the machines apart holds for both, names and files for the array alone.
  [[nodiscard]] std::string report_script() const {
    std::vector<std::string> options = sbatch_;
    for (const std::string& option : {"--job-name=" + name_ + "-report", log_option(folder_, "report_%j.log"),
                                      std::string("--open-mode=append"), std::string("--requeue")})
      options.push_back(option);
    return script("The report, for when all tasks have ended (sbatch --dependency=afterany:JOB).", options,
                  {program_, "report", run_});
  }

 private:
  // A task whose time is up has that many seconds to leave what another goes on from.
  static constexpr const char* kTimeToStop = "--signal=B:TERM@30";

  [[nodiscard]] std::string script(const std::string& about, const std::vector<std::string>& options,
                                   const std::vector<std::string>& command) const {
    return text_of({about + " Written by `phosphene slurm`.",
                    options,
                    fs::current_path().string(),
                    {"PHOSPHENE_MODELS", "PHOSPHENE_ASSETS"},
                    command});
  }

  int64_t tasks_;
  std::vector<std::string> sbatch_;
  std::string run_, name_, folder_, program_ = this_program();
  std::vector<std::string> words_;
};

// The lines of a text that are not empty.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

// Render itself says what is wrong with what it is given, here and not in the log of every task.
void try_here(const Submission& submission) {
  std::vector<std::string> command = submission.render_command();
  command.insert(command.begin() + 2, "--dry-run");
  std::string facts, notes;
  const int status = run_child(command, ChildOutput::dropped, "", {&facts, &notes});
  constexpr std::string_view kError = "phosphene: error: ";
  for (const std::string& line : lines_of(notes)) {
    if (status == 2 && line.starts_with(kError)) fail("", "{}; nothing is submitted", line.substr(kError.size()));
    note(line);
  }
  if (status != 0) fail_internal("render --dry-run", "ended with exit code {}; nothing is submitted", status);
  for (const std::string& fact : lines_of(facts)) note(fact);
}

// The number that Slurm gives the job.
std::string submit(const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> command = {"sbatch", "--parsable"};
  command.insert(command.end(), options.begin(), options.end());
  command.push_back(script);
  std::string said;
  const int status = run_child(command, ChildOutput::to_stderr, "", {.out = &said});
  if (status != 0) fail(script, "sbatch did not take it, for the reason above");
  std::string job = said.substr(0, said.find_first_not_of("0123456789"));  // behind a ; the cluster's name
  if (job.empty()) fail(script, "expected the job's number from sbatch, got '{}'", said);
  return job;
}

void must_have_sbatch() {
  if (run_child({"sbatch", "--version"}, ChildOutput::dropped) == kNoSuchProgram)
    fail("slurm",
         "there is no sbatch here: Slurm is not installed on this machine; --dry-run prints what would be submitted");
}

// As it is, or not at all.
void print_script(const std::string& script) {
  if (printable_lines(script) != script) fail("--dry-run", "a name holds characters that cannot be printed");
  print_text(script);
}

struct Scripts {
  explicit Scripts(const Submission& submission)
      : array(submission.array_script()), report(submission.report_script()) {}

  void print() const {
    print_script(array);
    print_script("\n" + report);
  }
  void write_for(const Submission& submission) const {
    make_folder(submission.folder());  // Slurm makes none for its logs
    write_file(submission.array_file(), array);
    write_file(submission.report_file(), report);
  }

  std::string array, report;
};

void submit_both(const Submission& submission, int64_t tasks) {
  const std::string job = submit({}, submission.array_file());
  print_result("{}\n", job);
  // It waits for tasks that are queued again, and runs however they end.
  const std::string after = at_place(fmt::format("job {} is submitted, its report is not", job), [&] {
    return submit({"--dependency=afterany:" + job, "--kill-on-invalid-dep=yes"}, submission.report_file());
  });
  print_result("{}\n", after);
  note(fmt::format("{} {} of job {} on {}; job {} writes the report when all have ended", tasks,
                   tasks == 1 ? "task" : "tasks", job, submission.run(), after));
  note(
      fmt::format("scripts and logs are in {}; the same command again does what is missing then", submission.folder()));
}

void slurm(const SlurmOptions& options) {
  check_words(words_for_render(options));
  check_sbatch_options(options.sbatch);
  const Submission submission(options);
  const Scripts scripts(submission);
  if (!options.dry_run) must_have_sbatch();
  if (!options.no_check) try_here(submission);
  if (options.dry_run) {
    note(fmt::format("nothing is submitted; Slurm makes no folder for logs: mkdir -p {}",
                     shell_word(submission.folder())));
    return scripts.print();
  }
  scripts.write_for(submission);
  submit_both(submission, options.tasks);
}

}  // namespace

void add_slurm(CLI::App& command) {
  auto options = std::make_shared<SlurmOptions>();
  add_details(
      command,
      "Each task renders into the same run folder and takes what no other has taken; one that is killed and queued "
      "again, or reaches its time limit, loses at most a minute of work. A job of its own writes the report when all "
      "have ended. The folder, the model and this program must have the same paths on all machines. Prints the numbers "
      "of the two jobs.");
  value(command.add_option("config", options->config, "a config, as for render"), kConfig);
  // So many that more are always expected: of a list whose length it does not know, the parser would take [a,b] apart.
  value(command.add_option("options", options->more,
                           "what render takes besides --out, as it is: --set, --device, --model, ..."),
        "-- RENDER-OPTION")
      ->take_all()
      ->allow_extra_args(false)
      ->expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size);
  value(command.add_option("--out", options->out,
                           "run folder (default: runs/NAME, where NAME is the config's without .json); scripts and "
                           "logs go to RUN.slurm beside it"),
        kFolder);
  whole_number(command.add_option("--array", options->tasks, "tasks"), 1, kMostTasks)->required();
  value(command.add_option("--sbatch-option", options->sbatch,
                           "an option of sbatch, in one word, for the tasks and the report, as in "
                           "--sbatch-option=--partition=gpu (repeatable)"),
        "OPTION")
      ->take_all()
      ->allow_extra_args(false);
  command.add_flag("--dry-run", options->dry_run, "print the scripts, and write and submit nothing");
  command.add_flag("--no-check", options->no_check,
                   "do not try `render --dry-run` here first: for what only the other machines have, such as a GPU");
  command.footer(
      "Example:\n  phosphene slurm configs/demo.json --out runs/demo --array 12 --sbatch-option=--partition=gpu\n"
      "  phosphene slurm --out runs/4a --array 8 -- --model googlenet --channel mixed4a:all --set /steps=256");
  command.callback([options] { slurm(*options); });
}

}  // namespace phosphene
