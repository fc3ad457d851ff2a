// phosphene adversarial: a photograph that looks the same to people, and like something else to the network.
#include "experiment/analysis/adversarial.h"
#include "experiment/photos/photo_file.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/analysis/classification.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct AdversarialCommand {
  std::string model, photo, out = "runs/adversarial";
  AdversarialOptions options;
  DeviceOptions device;
};

void print_first(const std::string& file, const Model& model, const std::vector<float>& probabilities) {
  const size_t first = ranking(probabilities, 1).front();
  print_result("{:<16} {:6.2f} %  {}\n", file, 100 * probabilities[first], printable(label_of(model, first)));
}

void adversarial(const AdversarialCommand& command) {
  const Model model = load_model(find_model(command.model));
  const Photo photo = read_photo(command.photo);
  const std::unique_ptr<Backend> backend = open_device(command.device);
  AdversarialOptions options = command.options;
  const LoopProgress progress("steps at most", options.steps);
  options.after_step = [&](int64_t step, double probability) {
    progress.done(step, fmt::format("{:.2f} %", 100 * probability));
  };
  const AdversarialExample example = make_adversarial(model, *backend, photo, options);
  if (!example.succeeded()) {
    const size_t first = ranking(example.after, 1).front();
    fail("adversarial", "after {} steps the network still classifies it as '{}'; try more --steps or a larger --most",
         example.steps, label_of(model, first));
  }
  const AdversarialExample written = write_adversarial(command.out, model, *backend, example);
  if (!written.succeeded() || written.largest_change() > command.options.most)
    fail_internal(command.out, "the files do not hold the example that was found");
  print_first("photo.png", model, written.before);
  print_first("adversarial.png", model, written.after);
  print_result("changed by {} of 255 at most, in {} steps\n{}/adversarial.html\n", written.largest_change(),
               written.steps, command.out);
}

}  // namespace

void add_adversarial(CLI::App& sub) {
  auto command = std::make_shared<AdversarialCommand>();
  add_details(sub,
              "Every byte moves by 1 a step along the sign of the gradient, within a bound. Writes photo.png, "
              "adversarial.png, difference.png, adversarial.json with the five most probable classes before and after, "
              "as read back from the pictures, and a page whose path is printed last.");
  value(sub.add_option("model", command->model, kModelSentence), kModel)->required();
  value(sub.add_option("photo", command->photo, "photograph, JPEG or PNG; squeezed as a whole into the network's size"),
        kPhoto)
      ->required();
  value(sub.add_option("--to", command->options.target, "the class to aim for, by its index or by its label"), "CLASS")
      ->required();
  whole_number(sub.add_option("--most", command->options.most, "the largest change of a byte"), 1, 255)
      ->capture_default_str();
  whole_number(sub.add_option("--steps", command->options.steps, "the largest number of steps"), 1, 100000)
      ->capture_default_str();
  number(sub.add_option("--until", command->options.until, "stop when the class reaches this probability"), 0, 1)
      ->capture_default_str();
  value(sub.add_option("--out", command->out, "folder for the results"), kFolder)->capture_default_str();
  add_device_options(sub, command->device);
  sub.footer("Example:\n  phosphene adversarial googlenet cat.jpg --to ostrich --out runs/ostrich");
  sub.callback([command] { adversarial(*command); });
}

}  // namespace phosphene
