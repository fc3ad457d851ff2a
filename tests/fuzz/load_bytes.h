// Any bytes as a file of a network: loaded to the last number, or refused as a user's file is.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace phosphene::testing {

// Puts the bytes into a file in memory whose name ends so (".onnx") and loads it as the product does. "" if that gave a network, or the
// refusal; aborts where a refusal is not the file's blame, or is not one line.
std::string load_bytes(std::span<const std::byte> bytes, const std::string& ending);

}  // namespace phosphene::testing
