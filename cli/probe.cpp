// phosphene probe: the numbers of a network on one input, for comparison with another framework's.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/objective/objective.h"
#include "experiment/objective/term_list.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "loaders/safetensors.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"
#include "runtime/program.h"

namespace phosphene {
namespace {

struct ProbeOptions {
  std::string model, input, objective, output;
  std::vector<std::string> save;
  DeviceOptions device;
};

// The network's input, channels last.
struct Input {
  Shape shape;
  std::vector<float> data;
};

Input channels_last(const HostTensor& nchw) {
  const Shape shape{nchw.dims[0], nchw.dims[1], nchw.dims[2], nchw.dims[3]};
  const int64_t pixels = shape.h * shape.w;
  Input input{shape, std::vector<float>(nchw.data.size())};
  for (int64_t n = 0; n < shape.n; ++n)
    for (int64_t c = 0; c < shape.c; ++c)
      for (int64_t p = 0; p < pixels; ++p)
        input.data[static_cast<size_t>((n * pixels + p) * shape.c + c)] =
            nchw.data[static_cast<size_t>((n * shape.c + c) * pixels + p)];
  return input;
}

// "NHWC" or "NCHW": what the file says, else the one that fits the network when the other does not.
std::string layout_of(const Safetensors& file, const std::vector<int64_t>& dims, int64_t channels) {
  const auto said = file.metadata().find("layout");
  if (said != file.metadata().end() && (said->second == "NHWC" || said->second == "NCHW")) return said->second;
  if ((dims[1] == channels) == (dims[3] == channels))
    fail(file.path(), "its metadata must say {{\"layout\": \"NHWC\"}} or \"NCHW\": the shape {} does not tell",
         fmt::join(dims, "x"));
  return dims[1] == channels ? "NCHW" : "NHWC";
}

Input read_tensor(const std::string& path, const Model& model) {
  const Safetensors file = Safetensors::open(path);
  const std::string name = file.contains("input") || !file.contains("data") ? "input" : "data";
  HostTensor tensor = file.tensor(name);
  if (tensor.dims.size() == 3) tensor.dims.insert(tensor.dims.begin(), 1);  // one image, without its N
  if (tensor.dims.size() != 4) fail(path, "tensor '{}' has {} dimensions instead of 4", name, tensor.dims.size());
  const std::vector<int64_t>& d = tensor.dims;
  Input input = layout_of(file, d, model.channels) == "NCHW" ? channels_last(tensor)
                                                             : Input{{d[0], d[3], d[1], d[2]}, tensor.data};
  if (input.shape.c != model.channels)
    fail(path, "tensor '{}' is {} as N C H W, the network wants {} channels", name, to_string(input.shape),
         model.channels);
  return input;
}

Input read_input(const std::string& path, const Model& model) {
  if (path.ends_with(".safetensors")) return read_tensor(path, model);
  require_photographs(model, path);
  const HostTensor photograph = resize_and_crop(read_photo(path), model.height, model.width);
  return {{1, 3, model.height, model.width}, prepare_input(model.preprocessing, photograph)};
}

// A value to be written, under its name in the file.
struct Wanted {
  std::string name;
  ValueId value;
};

// Each is the name of a tensor in the file. A layer may be asked for under several of its names.
void check_names(const ProbeOptions& options) {
  std::set<std::string> taken;
  if (!options.objective.empty()) taken = {"objective", "input_gradient"};
  for (const std::string& layer : options.save) {
    if (taken.insert(layer).second) continue;
    if (std::count(options.save.begin(), options.save.end(), layer) > 1) fail("--save", "'{}' is given twice", layer);
    fail("--save", "'{}' is the name under which --objective is written; leave it out, or give another of its names",
         layer);
  }
}

void probe(const ProbeOptions& options) {
  if (options.save.empty() && options.objective.empty())
    fail("probe", "nothing is asked for: give --save or --objective");
  check_names(options);
  const Model model = load_model(find_model(options.model));
  const Input input = read_input(options.input, model);
  const std::unique_ptr<Backend> backend = open_device(options.device);
  States states(*backend);
  Graph graph;
  const ValueId source = graph.state(Model::kInput, {input.shape});
  ModelGraph network(model, graph, source);
  std::vector<Wanted> wanted;
  for (const std::string& layer : options.save) wanted.push_back({layer, network.value(layer)});

  Objective terms;
  ImageSettings group;  // the photographs are one
  std::unique_ptr<ObjectivePart> objective;
  if (!options.objective.empty()) {
    group.images = input.shape.n;
    terms = load_objective(options.objective, group.images);
    objective = std::make_unique<ObjectivePart>(graph, network, model, terms, group, input.shape);
    wanted.push_back({"objective", objective->value()});
    const ValueId gradient = differentiate(graph, std::vector<ValueId>{source}).front();
    if (gradient == kNoValue) fail(options.objective, "the objective does not depend on the input");
    wanted.push_back({"input_gradient", gradient});
  }

  std::vector<ValueId> keep;
  for (const Wanted& w : wanted) keep.push_back(w.value);
  Program program(std::move(graph), keep, *backend, states);
  states.write(Model::kInput, input.data);
  if (objective) {
    std::vector<BatchImage> images;
    for (int64_t image = 0; image < input.shape.n; ++image) images.push_back({&terms, 0, image, group.images});
    objective->write(states, images);
  }
  StatusLine::of_process().announce("running the network");
  program.run();

  std::vector<HostTensor> tensors;
  for (const Wanted& w : wanted) {
    tensors.push_back(program.read_nchw(w.value));
    if (w.name == "objective") tensors.back().dims = {input.shape.n};
  }
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < wanted.size(); ++i) named.push_back({wanted[i].name, tensors[i].dims, tensors[i].data});
  write_safetensors(options.output, named, {{"layout", "NCHW"}, {"model", model.name}});
  std::string summary;
  for (const NamedTensor& tensor : named)
    summary += fmt::format("{:<32} {}\n", printable(tensor.name, kWholeName), fmt::join(tensor.shape, "x"));
  if (is_standard_output(options.output))
    write_to_stderr(printable_lines(summary));
  else
    print_text(summary);
}

}  // namespace

void add_probe(CLI::App& command) {
  auto options = std::make_shared<ProbeOptions>();
  add_details(command, "This is what another framework's numbers are compared with.");
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("--input", options->input,
                           "IN.safetensors with a tensor `input` (or `data`), already preprocessed, and metadata "
                           "{\"layout\": \"NHWC\"} or \"NCHW\"; or a photograph"),
        kFile)
      ->required();
  value(command.add_option("--objective", options->objective, "JSON file with a list of terms as in a config"), kFile);
  value(command.add_option("--save", options->save,
                           "layers to write, each under the name that is given: that of a layer, or another of its "
                           "names"),
        "LAYER ...");
  value(command.add_option("-o,--output", options->output, "the .safetensors to write"), kFile)->required();
  add_device_options(command, options->device);
  command.footer(
      "Example:\n  phosphene probe googlenet --input cat.jpg --save mixed4a mixed4a:pre --objective objective.json -o "
      "numbers.safetensors\n  with objective.json: [{\"channel\": {\"layer\": \"mixed4a\", \"unit\": 97}}]");
  command.callback([options] { probe(*options); });
}

}  // namespace phosphene
