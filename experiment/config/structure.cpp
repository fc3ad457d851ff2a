#include "experiment/config/structure.h"

#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"
#include "loaders/json_text.h"

namespace phosphene {

std::string structure_key(const Config& config) {
  Json json = *config.json;
  config_format().erase_data(json);
  return json_text(json);
}

}  // namespace phosphene
