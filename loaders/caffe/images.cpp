#include "loaders/caffe/images.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "loaders/caffe/layer_types.h"
#include "loaders/caffe/mean_file.h"
#include "runtime/error.h"

namespace phosphene::caffe {
namespace {

constexpr int64_t kMaxSide = 1 << 16;

// Each image is read by itself, whatever number of them a file says.
source::Input of_dims(const std::string& blob, std::vector<int64_t> dims, const std::string& path) {
  if (dims.size() != 4) fail(path, "the input has {} dimensions; expected N C H W", dims.size());
  for (const int64_t dim : dims) {
    if (dim < 1 || dim > kMaxSide) fail(path, "the input has a side of {}", dim);
  }
  dims[0] = 1;
  return {.name = blob, .dims = std::move(dims), .channels_first = true};
}

source::Input of_fields(const NetParameter& network, const std::string& path) {
  if (network.input_size() > 1) fail(path, "has {} inputs; expected a network with one input", network.input_size());
  for (const LayerParameter& layer : network.layer()) {
    if (gives_images(layer.type()))
      fail(path, "has an input twice: 'input: \"{}\"' and the {} layer '{}'", network.input(0), layer.type(),
           layer.name());
  }
  if (network.input_shape_size() > 1 || (network.input_shape_size() == 1 && network.input_dim_size() > 0))
    fail(path, "has one input and several shapes for it");
  if (network.input_shape_size() == 1)
    return of_dims(network.input(0), {network.input_shape(0).dim().begin(), network.input_shape(0).dim().end()}, path);
  return of_dims(network.input(0), {network.input_dim().begin(), network.input_dim().end()}, path);
}

// Of a data layer that does not say it.
int64_t channels_read(const NetParameter& network, const std::string& blob, const BlobsByLayer& blobs,
                      const std::string& path) {
  for (const LayerParameter& layer : network.layer()) {
    const auto weights = blobs.find(layer.name());
    const bool reads = std::find(layer.bottom().begin(), layer.bottom().end(), blob) != layer.bottom().end();
    if (!reads || layer.type() != "Convolution" || weights == blobs.end()) continue;
    const BlobProto& kernel = weights->second->Get(0);
    const int64_t of_group = kernel.shape().dim_size() == 4 ? kernel.shape().dim(1) : kernel.channels();
    const int64_t channels = of_group * layer.convolution_param().group();
    if (of_group >= 1 && of_group <= kMaxSide && channels <= kMaxSide) return channels;
  }
  fail(path, "does not say how many channels '{}' has: give a deploy.prototxt with --topology", blob);
}

// Caffe reads these in the oldest forms alone (old_layers.cpp has moved them from there).
template <class Parameters>
void refuse_transform(const Parameters& p, const LayerParameter& layer, const std::string& path) {
  if (p.has_scale() || p.has_mean_file() || p.has_crop_size() || p.has_mirror())
    fail(place_of(path, layer.name()),
         "has scale, mean_file, crop_size or mirror where Caffe does not read it: expected transform_param");
}

source::Input of_data(const LayerParameter& layer, const NetParameter& network, const BlobsByLayer& blobs,
                      const std::string& path) {
  if (layer.top_size() < 1) fail(place_of(path, layer.name()), "has no top");
  const std::string& blob = layer.top(0);
  refuse_transform(layer.data_param(), layer, path);
  refuse_transform(layer.image_data_param(), layer, path);
  refuse_transform(layer.window_data_param(), layer, path);
  const MemoryDataParameter& memory = layer.memory_data_param();
  if (layer.type() == "MemoryData")
    return of_dims(blob, {1, memory.channels(), memory.height(), memory.width()}, place_of(path, layer.name()));
  const ImageDataParameter& images = layer.image_data_param();
  const int64_t crop = layer.transform_param().crop_size();
  const int64_t height = crop > 0 ? crop : images.new_height(), width = crop > 0 ? crop : images.new_width();
  if (std::max(height, width) > kMaxSide) fail(place_of(path, layer.name()), "gives images of {}x{}", height, width);
  return {.name = blob, .dims = {1, channels_read(network, blob, blobs, path), height, width}, .channels_first = true};
}

source::Input of_input_layer(const LayerParameter& layer, const std::string& path) {
  if (layer.top_size() != 1 || layer.input_param().shape_size() != 1)
    fail(place_of(path, layer.name()), "expected an Input layer with one top and one shape");
  const BlobShape& shape = layer.input_param().shape(0);
  return of_dims(layer.top(0), {shape.dim().begin(), shape.dim().end()}, path);
}

source::StatedPreprocessing assumed(int64_t channels) {
  const std::string why = "assumed for a Caffe network";
  if (channels == 3) return {{{255, 255, 255}, {104, 117, 123}, {2, 1, 0}}, why};
  const auto count = static_cast<size_t>(channels);
  Preprocessing preprocessing{std::vector<float>(count, 255), std::vector<float>(count, 0), {}};
  for (int channel = 0; channel < channels; ++channel) preprocessing.order.push_back(channel);
  return {preprocessing, why};
}

// The file is looked for as it is written and by its name alone, both from the topology's folder.
std::string mean_file_of(const LayerParameter& layer, const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path(),
                              named = layer.transform_param().mean_file();
  std::error_code unknown;
  for (const std::filesystem::path& place : {folder / named, folder / named.filename()}) {
    if (std::filesystem::is_regular_file(place, unknown)) return place.string();
  }
  fail(place_of(path, layer.name()), "names the mean_file '{}', which is not beside it: put {} there", named.string(),
       named.filename().string());
}

// scale (v - mean), v in BGR and 0 to 255.
source::StatedPreprocessing stated(const LayerParameter& layer, int64_t channels, const std::string& path) {
  const TransformationParameter& p = layer.transform_param();
  source::StatedPreprocessing result = assumed(channels);
  result.why = "transform_param of the topology";
  if ((p.force_gray() && channels != 1) || (p.force_color() && channels != 3))
    fail(place_of(path, layer.name()), "transform_param does not fit {} channels", channels);
  if (p.mean_value_size() > 1 && p.mean_value_size() != channels)
    fail(place_of(path, layer.name()), "has {} mean values for {} channels", p.mean_value_size(), channels);
  if (p.has_mean_file() && p.mean_value_size() > 0)
    fail(place_of(path, layer.name()), "has both a mean_file and mean values");
  std::vector<float> means(static_cast<size_t>(channels), p.mean_value_size() == 0 ? 0 : p.mean_value(0));
  if (p.mean_value_size() > 1) means.assign(p.mean_value().begin(), p.mean_value().end());
  if (p.has_mean_file()) {
    const std::string file = mean_file_of(layer, path);
    const ChannelMeans read = read_mean_file(file, channels);
    means = read.means;
    result.why = "transform_param, with " + describe_mean_file(file, read);
  }
  for (size_t c = 0; c < means.size(); ++c) {
    result.preprocessing.scale[c] = 255 * p.scale();
    result.preprocessing.mean[c] = p.scale() * means[c];
  }
  return result;
}

}  // namespace

source::Input image_input(const NetParameter& network, const BlobsByLayer& blobs, const std::string& path) {
  if (network.input_size() > 0) return of_fields(network, path);
  const LayerParameter* found = nullptr;
  for (const LayerParameter& layer : network.layer()) {
    if (!gives_images(layer.type())) continue;
    if (found != nullptr)
      fail(path, "has several inputs ('{}', '{}'); networks of one input are read", found->name(), layer.name());
    found = &layer;
  }
  if (found == nullptr) fail(path, "has no input: neither 'input', nor an Input layer, nor one with data");
  return found->type() == "Input" ? of_input_layer(*found, path) : of_data(*found, network, blobs, path);
}

source::StatedPreprocessing preprocessing_of(const NetParameter& network, int64_t channels, const std::string& path) {
  for (const LayerParameter& layer : network.layer()) {
    if (layer.has_transform_param()) return stated(layer, channels, path);
  }
  return assumed(channels);
}

}  // namespace phosphene::caffe
