#include "experiment/config/structure.h"

#include <nlohmann/json.hpp>

#include "experiment/config/keys.h"

namespace phosphene {

std::string structure_key(const Config& config) {
  Json json = *config.json;
  config_format().erase_data(json);
  return json.dump();
}

}  // namespace phosphene
