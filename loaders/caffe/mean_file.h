// Mean images (mean.binaryproto), which Caffe's tools make of the images that a network is trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace phosphene {

// Whether a name is that of a mean image: by its ending.
bool is_mean_file(const std::string& path);

// The mean of each channel, in the file's order (BGR), of values 0 to 255: what is left of a mean image when pictures have any size.
// Throws for a file that is none, or of another number of channels.
struct ChannelMeans {
  std::vector<float> means;
  int64_t height = 0, width = 0;  // of the image that they are of
};
ChannelMeans read_mean_file(const std::string& path, int64_t channels);

// "mean.binaryproto averaged over 256x256": for Model::preprocessing_source, so that people know what was lost.
std::string describe_mean_file(const std::string& path, const ChannelMeans& means);

}  // namespace phosphene
