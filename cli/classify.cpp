// phosphene classify: the classes that a network sees in photographs. The quickest check of a conversion.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/analysis/classification.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/photo_folder.h"
#include "loaders/json_text.h"
#include "loaders/load_model.h"
#include "runtime/printable.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

struct ClassifyOptions {
  std::string model;
  std::vector<std::string> images;
  int64_t top = 5;
  bool json = false;
  DeviceOptions device;
};

// Classifies photographs one after the other. One that cannot be read is told and passed over.
class Classification {
 public:
  Classification(const ClassifyOptions& options, const Model& model, Backend& backend)
      : options_(options), model_(model), classifier_(model, backend) {}

  void execute() {
    alone_ = options_.images.size() == 1 && !std::filesystem::is_directory(options_.images.front());
    try {
      for (const std::string& image : options_.images) {
        if (std::filesystem::is_directory(image))
          classify_folder(image);
        else
          classify(image);
      }
    } catch (const Stopped&) {
      print_rows();
      throw;
    }
    print_rows();
    if (failures_ > 0) tell_failures();
  }

 private:
  void classify_folder(const std::string& path) {
    constexpr size_t kNamesAtOnce = 4096;
    const PhotoFolder folder(path);
    const int64_t before = seen_;
    for (std::string last;;) {
      const std::vector<std::string> names = folder.after(last, kNamesAtOnce);
      if (names.empty()) break;
      for (const std::string& name : names) classify(folder.file(name));
      last = names.back();
    }
    const std::string left_out = folder.left_out().in_words();
    if (!left_out.empty()) tell(printable(fmt::format("{}: left out: {}", path, left_out), kWholeName));
    if (seen_ > before) return;
    alone_ = options_.images.size() == 1;
    note_failure(path, Error(Blame::user, path, "contains no photograph (.jpg, .jpeg or .png)"));
  }

  void classify(const std::string& image) {
    stop_if_requested();
    progress_.done(seen_++, printable(image));
    try {
      print(image, classifier_.probabilities(read_photo(image)));
    } catch (const Error& error) {
      if (error.blame() != Blame::user) throw;
      note_failure(image, error);
    } catch (const std::bad_alloc&) {
      note_failure(image, Error(Blame::user, image, "needs more memory than there is"));
    }
  }

  void print(const std::string& image, const std::vector<float>& found) {
    if (!options_.json) print_result("{}\n", printable(image, kWholeName));
    for (const size_t index : ranking(found, static_cast<size_t>(options_.top))) {
      if (options_.json)
        rows_.push_back(
            {{"image", image}, {"class", index}, {"label", label_of(model_, index)}, {"probability", found[index]}});
      else
        print_result("  {:6.2f} %  {}\n", 100 * found[index], printable(label_of(model_, index)));
    }
  }

  void note_failure(const std::string& image, const Error& error) {
    ++failures_;
    if (options_.json) rows_.push_back({{"image", image}, {"error", error.within()}});
    last_failure_ = error;
    if (!alone_) tell(error.what());
  }

  void print_rows() const {
    if (options_.json) print_result("{}\n", json_text(rows_, 2));
  }

  static void tell(const std::string& line) { note("phosphene: " + line); }

  [[noreturn]] void tell_failures() const {
    if (alone_) throw Error(*last_failure_);
    fail("classify", "{} of {} photographs could not be read", failures_, std::max(seen_, failures_));
  }

  const ClassifyOptions& options_;
  const Model& model_;
  PhotoClassifier classifier_;
  LoopProgress progress_{"photographs", std::ssize(options_.images)};
  nlohmann::ordered_json rows_ = nlohmann::ordered_json::array();
  bool alone_ = false;  // one thing was asked for: its failure is the program's
  int64_t seen_ = 0, failures_ = 0;
  std::optional<Error> last_failure_;
};

void classify(const ClassifyOptions& options) {
  const Model model = load_model(find_model(options.model));
  require_photographs(model, options.model);
  (void)model.logits();  // throws if the model has no classifier
  const std::unique_ptr<Backend> backend = open_device(options.device);
  Classification(options, model, *backend).execute();
}

}  // namespace

void add_classify(CLI::App& command) {
  auto options = std::make_shared<ClassifyOptions>();
  add_details(
      command,
      "Each is squeezed as a whole into the size the network was trained at. A quick check that a model was "
      "converted well.\nOf a folder all photographs in it and below count, as `phosphene examples` finds "
      "them. One that cannot be read is told on stderr, the others are classified, and the exit code is 2; with "
      "--json it is an entry with \"error\". A damaged or cut off JPEG is refused, and colours are converted to "
      "sRGB by the picture's ICC profile.");
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("images", options->images, "photographs, JPEG or PNG, or folders of them"), kPhoto)
      ->required();
  whole_number(command.add_option("--top", options->top, "classes to print for each"), 1, 100000)
      ->capture_default_str();
  command.add_flag("--json", options->json, "machine-readable");
  add_device_options(command, options->device);
  command.footer("Example:\n  phosphene classify googlenet cat.jpg dog.jpg --top 3");
  command.callback([options] { classify(*options); });
}

}  // namespace phosphene
