// A random network of three convolutions and a config for it: an experiment that takes milliseconds.
#pragma once

#include "experiment/config/config.h"
#include "experiment/run/run.h"
#include "loaders/model/model.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {

// data 3 x 24 x 24 -> conv1 (8 channels) -> conv2 (8) -> conv3 (6), each 3 x 3 with a ReLU, conv2 with stride 2. conv1's channel 7 is
// always silent behind its ReLU, conv3's channel 5 is so large that its objective with a weight of 1e30 is infinite. The data can have up to four channels.
Model small_network(int64_t channels = 3);

// The network as FOLDER/small.safetensors (other than three channels: FOLDER/small_CHANNELS.safetensors), and a config in FOLDER for
// channel 1 of conv3:pre: 12 steps.
Json small_config(const TemporaryFolder& folder, int64_t channels = 3);

// Runs a config whose file stands in `folder` into the run folder `out`, on one thread unless told otherwise.
RunResult render(const TemporaryFolder& folder, const Json& config, const std::string& out, RunOptions options = {});

// Path in the run folder -> contents, of everything but timing.jsonl.
std::map<std::string, std::string> files_of(const std::string& run_folder);
// The same, of pictures, records and floats alone: what a run's batches and threads must not change.
std::map<std::string, std::string> results_of(const std::string& run_folder);

// The record of one picture.
Json record_of(const std::string& run_folder, const std::string& name);

// What the pixels of a PNG are. 0: gray, 2: colours, 4: gray and alpha, 6: colours and alpha.
int colour_type(const std::string& png);

}  // namespace phosphene::testing
