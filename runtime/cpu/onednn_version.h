#pragma once

#include <string>

namespace phosphene {

std::string onednn_version();  // "oneDNN 2.6.3"

}  // namespace phosphene
