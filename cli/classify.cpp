// phosphene classify: the classes that a network sees in photographs. The quickest check of a conversion.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/analysis/classification.h"
#include "experiment/photos/photo_file.h"
#include "loaders/load_model.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct ClassifyOptions {
  std::string model;
  std::vector<std::string> images;
  int64_t top = 5;
  bool json = false;
  DeviceOptions device;
};

void classify(const ClassifyOptions& options) {
  const Model model = load_model(find_model(options.model));
  require_photographs(model, options.model);
  (void)model.logits();  // throws if the model has no classifier
  const std::unique_ptr<Backend> backend = open_device(options.device);
  PhotoClassifier classifier(model, *backend);

  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  const LoopProgress progress("photographs", std::ssize(options.images));
  int64_t done = 0;
  for (const std::string& image : options.images) {
    progress.done(done++, printable(image));
    const std::vector<float> found = classifier.probabilities(read_photo(image));
    if (!options.json) print_result("{}\n", printable(image, kWholeName));
    for (const size_t index : ranking(found, static_cast<size_t>(options.top))) {
      if (options.json)
        out.push_back(
            {{"image", image}, {"class", index}, {"label", label_of(model, index)}, {"probability", found[index]}});
      else
        print_result("  {:6.2f} %  {}\n", 100 * found[index], printable(label_of(model, index)));
    }
  }
  if (options.json) print_result("{}\n", out.dump(2));
}

}  // namespace

void add_classify(CLI::App& command) {
  auto options = std::make_shared<ClassifyOptions>();
  add_details(command,
              "Each is squeezed as a whole into the size the network was trained at. A quick check that a model was "
              "converted well.");
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("images", options->images, "photographs, JPEG or PNG"), kPhoto)->required();
  whole_number(command.add_option("--top", options->top, "classes to print for each"), 1, 100000)
      ->capture_default_str();
  command.add_flag("--json", options->json, "machine-readable");
  add_device_options(command, options->device);
  command.footer("Example:\n  phosphene classify googlenet cat.jpg dog.jpg --top 3");
  command.callback([options] { classify(*options); });
}

}  // namespace phosphene
