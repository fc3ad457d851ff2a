// phosphene convert: any supported network to one .safetensors.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/help.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "runtime/files.h"

namespace phosphene {
namespace {

struct ConvertOptions {
  std::string source, topology, architecture, labels, output;
};

void convert(const ConvertOptions& options) {
  const Model model = load_model(options.source, options.topology, options.architecture, options.labels);
  save_model(model, options.output);
  std::FILE* const summary = is_standard_output(options.output) ? stderr : stdout;
  fmt::print(summary, "{}: {} layers, {} labels\n", options.output, model.layers.size(), model.labels.size());
}

}  // namespace

void add_convert(CLI::App& command) {
  auto options = std::make_shared<ConvertOptions>();
  add_details(command,
              "Batch normalisation is folded into convolutions and dropout is dropped. The format is recognised by the "
              "contents.");
  command
      .add_option("source", options->source,
                  "a .caffemodel (Caffe), an .h5 (Keras), or a .safetensors that phosphene wrote")
      ->required();
  command.add_option("-o,--output", options->output, "the .safetensors to write")->required();
  command.add_option("--topology", options->topology, "Caffe's deploy.prototxt, for weights that come without a graph");
  command.add_option("--architecture", options->architecture,
                     "a network known by name (vgg16), for weights that come without a graph");
  command.add_option("--labels", options->labels,
                     "text file of class names, one on each line (a leading synset id is dropped)");
  command.footer(
      "Example:\n  phosphene convert bvlc_googlenet.caffemodel --topology deploy.prototxt --labels synset_words.txt "
      "-o googlenet.safetensors");
  command.callback([options] { convert(*options); });
}

}  // namespace phosphene
