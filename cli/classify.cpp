// phosphene classify: the classes that a network sees in photographs. The quickest check of a conversion.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "experiment/analysis/classification.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "layers/network/softmax.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "runtime/error.h"
#include "runtime/program.h"

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
  const std::string logits = model.logits();  // throws if the model has no classifier
  const std::unique_ptr<Backend> backend = open_device(options.device);
  States states(*backend);
  Graph graph;
  const TensorInfo input{{1, model.channels, model.height, model.width}};
  ModelGraph network(model, graph, graph.state(Model::kInput, input));
  const ValueId probabilities = graph.append(std::make_shared<Softmax>(), {network.value(logits)}, "probabilities");
  Program program(std::move(graph), {probabilities}, *backend, states);

  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const std::string& image : options.images) {
    const HostTensor photograph = resize_whole(read_photo(image), model.height, model.width);
    states.write(Model::kInput, prepare_input(model.preprocessing, photograph));
    program.run();
    const std::vector<float> found = program.read(probabilities);
    if (!options.json) fmt::print("{}\n", image);
    for (const size_t index : ranking(found, static_cast<size_t>(options.top))) {
      if (options.json)
        out.push_back(
            {{"image", image}, {"class", index}, {"label", label_of(model, index)}, {"probability", found[index]}});
      else
        fmt::print("  {:6.2f} %  {}\n", 100 * found[index], label_of(model, index));
    }
  }
  if (options.json) fmt::print("{}\n", out.dump(2));
}

}  // namespace

void add_classify(CLI::App& command) {
  auto options = std::make_shared<ClassifyOptions>();
  add_details(command,
              "Each is squeezed as a whole into the size the network was trained at. A quick check that a model was "
              "converted well.");
  command.add_option("model", options->model, "model file or name")->required();
  command.add_option("images", options->images, "photographs, JPEG or PNG")->required();
  command.add_option("--top", options->top, "classes to print for each")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command.add_flag("--json", options->json, "machine-readable");
  add_device_options(command, options->device);
  command.footer("Example:\n  phosphene classify googlenet cat.jpg dog.jpg --top 3");
  command.callback([options] { classify(*options); });
}

}  // namespace phosphene
