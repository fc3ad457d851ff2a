// phosphene gradients: the checkerboards that a network's strides leave in its gradients.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/analysis/gradient_maps.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "loaders/load_model.h"
#include "runtime/backend.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

struct GradientsOptions {
  std::string model, photo, out = "runs/gradients";
  ChannelObjective objective;
  std::vector<std::string> at;
  int64_t size = 0;
  DeviceOptions device;
};

void gradients(const GradientsOptions& options) {
  for (const std::string& layer : options.at)
    if (std::count(options.at.begin(), options.at.end(), layer) > 1) fail("--at", "'{}' is given twice", layer);
  const Model model = load_model(find_model(options.model));
  require_photographs(model, options.photo);
  const int64_t height = options.size > 0 ? options.size : model.height;
  const int64_t width = options.size > 0 ? options.size : model.width;
  const HostTensor photograph = resize_and_crop(read_photo(options.photo), height, width);
  const std::vector<std::string> layers =
      options.at.empty() ? layers_before_strides(model, options.objective.layer) : options.at;
  const std::unique_ptr<Backend> backend = open_device(options.device);
  StatusLine::of_process().announce("computing the gradients");
  const std::vector<GradientMap> maps = gradient_maps(model, *backend, photograph, options.objective, layers);
  StatusLine::of_process().announce("writing the pictures");
  const std::string page = write_gradient_maps(options.out, model, photograph, options.objective, maps);
  for (const GradientMap& map : maps) {
    const CheckerboardShare checkerboard = checkerboard_share(map.magnitude(), map.shape().h, map.shape().w);
    print_result("{:<32} {:>14}  checkerboard {:5.2f} % of the power, {:.2f} % if even\n",
                 printable(map.layer, kWholeName), to_string(map.shape()), 100 * checkerboard.share,
                 100 * checkerboard.even);
  }
  print_result("{}\n", printable(page, page.size()));
}

}  // namespace

void add_gradients(CLI::App& command) {
  auto options = std::make_shared<GradientsOptions>();
  add_details(
      command,
      "Strides leave checkerboards in it, which optimisation puts into pictures. Writes the magnitude at each layer, "
      "the input's gradient in colour and its power spectrum, gradients.json, and a page whose path is printed last.");
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("photo", options->photo, "photograph, JPEG or PNG; its middle is used"), kPhoto)->required();
  value(command.add_option("--layer", options->objective.layer, "layer of the channel, as phosphene inspect names it"),
        kLayer)
      ->required();
  whole_number(command.add_option("--unit", options->objective.unit, "the channel"), 0, 1 << 24)->required();
  value(command.add_option("--at", options->at, "layers to show (default: those that a strided layer reads)"),
        "LAYER,LAYER...")
      ->delimiter(',')
      ->allow_extra_args(false);
  whole_number(
      command.add_option("--size", options->size, "side of the image (default: what the model was trained at)"), 1,
      1 << 12);
  value(command.add_option("--out", options->out, "folder for the results"), kFolder)->capture_default_str();
  add_device_options(command, options->device);
  command.footer(
      "Example:\n  phosphene gradients googlenet cat.jpg --layer mixed4a:pre --unit 97 --at "
      "conv1/7x7_s2,conv2/norm2");
  command.callback([options] { gradients(*options); });
}

}  // namespace phosphene
