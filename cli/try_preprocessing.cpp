#include "cli/try_preprocessing.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/columns.h"
#include "cli/device_option.h"
#include "experiment/analysis/classification.h"
#include "experiment/photos/photo_file.h"
#include "loaders/known_preprocessing.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr size_t kTop = 5, kAbreast = 3;
constexpr size_t kWidth = 25, kLabelWidth = 15;  // characters, of a column and of a label in it

struct Trial {
  std::string name;
  Preprocessing preprocessing;
  bool taken = false;
  std::vector<std::string> lines;
};

std::vector<Trial> trials_of(const Model& model) {
  std::vector<Trial> trials;
  for (const std::string& name : known_preprocessing_names()) {
    const std::optional<Preprocessing> known = known_preprocessing(name, model.channels);
    if (known.has_value()) trials.push_back({name, *known, *known == model.preprocessing, {}});
  }
  if (std::none_of(trials.begin(), trials.end(), [](const Trial& trial) { return trial.taken; }))
    trials.push_back({"as taken", model.preprocessing, true, {}});
  return trials;
}

void classify(Trial& trial, const Model& model, PhotoClassifier& classifier, const Photo& photo) {
  const std::vector<float> found = classifier.probabilities(photo, trial.preprocessing);
  trial.lines = {trial.name + (trial.taken ? " *" : "")};
  for (const size_t index : ranking(found, kTop))
    trial.lines.push_back(fmt::format("{:5.1f} % {}", 100 * found[index],
                                      shortened(printable(label_of(model, index)), kLabelWidth, "...")));
}

std::string side_by_side(const std::vector<Trial>& trials) {
  std::string table;
  for (size_t first = 0; first < trials.size(); first += kAbreast) {
    for (size_t line = 0; line < trials[first].lines.size(); ++line) {
      std::string row = "  ";
      for (size_t i = first; i < std::min(first + kAbreast, trials.size()); ++i)
        row += padded(trials[i].lines[line], kWidth) + " ";
      table += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
    }
  }
  return table;
}

}  // namespace

std::string try_preprocessing(const Model& model, const std::string& photo) {
  require_photographs(model, "--try");
  (void)model.logits();  // throws if the network has no classes
  const Photo read = read_photo(photo);
  const std::unique_ptr<Backend> backend = open_device({.device = "cpu"});
  PhotoClassifier classifier(model, *backend);
  std::vector<Trial> trials = trials_of(model);
  for (Trial& trial : trials) classify(trial, model, classifier, read);
  return side_by_side(trials) + "  * taken: " + describe(model.preprocessing) + "\n";
}

}  // namespace phosphene
