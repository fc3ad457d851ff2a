// phosphene convert: any supported network to one .safetensors.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "cli/try_preprocessing.h"
#include "loaders/known_preprocessing.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct ConvertOptions {
  std::string source, topology, architecture, labels, preprocessing, photo, output, until;
  int64_t size = 0;
  bool writes = false;  // whether an output was given, if only an empty name
};

// "preprocessing: BGR in 0..255 minus 104 117 123, assumed for a Caffe network: give --preprocessing if it is another"
std::string preprocessing_line(const Model& model) {
  const std::string& source = model.preprocessing_source;
  return fmt::format("preprocessing: {}{}{}{}", describe(model.preprocessing), source.empty() ? "" : ", ",
                     printable(source), source.starts_with(kAssumed) ? ": give --preprocessing if it is another" : "");
}

std::string summary_of(const Model& model, const std::string& name) {
  std::string lines =
      fmt::format("{}: {} layers, {} labels\n", printable(name, kWholeName), model.layers.size(), model.labels.size());
  for (const std::string& note : model.notes) lines += printable(note, kWholeName) + "\n";
  return lines + preprocessing_line(model) + "\n";
}

void convert(const ConvertOptions& options) {
  if (!options.writes && options.photo.empty()) fail("--output", "expected a file to write, or a photograph to --try");
  StatusLine& status = StatusLine::of_process();
  status.announce("reading " + printable(options.source));
  Model model = load_model(options.source, options.topology, options.architecture, options.labels,
                           {.height = options.size, .width = options.size, .until = options.until});
  if (!options.preprocessing.empty()) set_preprocessing(model, options.preprocessing);
  const std::string trial = options.photo.empty() ? "" : try_preprocessing(model, options.photo);
  if (options.writes) status.announce("writing " + printable(options.output));
  if (options.writes) save_model(model, options.output);
  const std::string summary = summary_of(model, options.writes ? options.output : model.name) + trial;
  if (options.writes && is_standard_output(options.output))
    write_to_stderr(printable_lines(summary));
  else
    print_text(summary);
}

}  // namespace

void add_convert(CLI::App& command) {
  auto options = std::make_shared<ConvertOptions>();
  add_details(command,
              "The format is recognised by the contents. Batch normalisation is folded into convolutions, what "
              "computes nothing is "
              "dropped, and what is not understood is refused by its name. No Python is needed.");
  value(command.add_option("source", options->source,
                           "an .onnx, a state dict of PyTorch (.pth, .pt, .safetensors) of a known architecture, a "
                           "frozen graph of TensorFlow (.pb), a .keras or .h5, a .caffemodel, or a .safetensors that "
                           "phosphene wrote"),
        kFile)
      ->required();
  CLI::Option* output = value(
      command.add_option("-o,--output", options->output, "the .safetensors to write; not needed with --try"), kFile);
  value(command.add_option("--topology", options->topology,
                           "Caffe's deploy.prototxt (default: the layers that the .caffemodel was trained with)"),
        kFile);
  value(command.add_option("--architecture", options->architecture,
                           "the network whose weights these are (resnet50, vgg16 ...); recognised without it where "
                           "tensors' names allow"),
        "NAME");
  value(command.add_option("--until", options->until,
                           "import only what this layer needs: for a network whose end is not supported"),
        kLayer);
  whole_number(command.add_option("--size", options->size,
                                  "rows and columns of the input, where the file leaves them free (default: 224; asked "
                                  "for by a .caffemodel without a topology)"),
               1, 1 << 16);
  value(command.add_option("--labels", options->labels,
                           "class names: one on each line, CSV or JSON; an index and synsets beside them are dropped"),
        kFile);
  value(command.add_option(
            "--preprocessing", options->preprocessing,
            fmt::format("what the network was trained on: {}, a mean.binaryproto of Caffe, or a JSON file: scale, mean "
                        "and order, or the config.json of timm or the preprocessor_config.json of transformers "
                        "(default: what the source says, or what is usual for its format)",
                        fmt::join(known_preprocessing_names(), ", "))),
        "NAME|FILE");
  value(command.add_option(
            "--try", options->photo,
            "a photograph: print its most probable classes under each preprocessing, to see which is right"),
        kPhoto);
  command.footer(
      "Example:\n  phosphene convert resnet50.pth -o resnet50.safetensors\n  phosphene convert network.onnx -o "
      "network.safetensors "
      "--preprocessing imagenet --try cat.jpg\n  phosphene convert bvlc_googlenet.caffemodel --topology "
      "deploy.prototxt --labels synset_words.txt "
      "-o googlenet.safetensors --try cat.jpg");
  command.callback([options, output] {
    options->writes = output->count() > 0;
    convert(*options);
  });
}

}  // namespace phosphene
