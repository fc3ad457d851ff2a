#include "loaders/keras.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "loaders/keras/keras_file.h"
#include "loaders/keras_networks/keras_network.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

// R S C K -> K C R S.
std::vector<float> to_kcrs(const std::vector<float>& src, size_t taps, size_t c, size_t k) {
  std::vector<float> dst(src.size());
  for (size_t tap = 0; tap < taps; ++tap) {
    for (size_t i = 0; i < c; ++i) {
      for (size_t o = 0; o < k; ++o) dst[(o * c + i) * taps + tap] = src[(tap * c + i) * k + o];
    }
  }
  return dst;
}

// Where a file keeps convolution `j` of a block, of both counted from 1, the `number`th of all: by the layer's name, or by its place in
// its block or in the model.
std::array<std::string, 3> places_of(size_t block, int j, int number) {
  const auto counted = [](const std::string& parent, int n) {
    return fmt::format("{}layers/conv2d{}", parent, n == 0 ? "" : fmt::format("_{}", n));
  };
  return {fmt::format("block{}_conv{}", block, j), counted(fmt::format("block{}/", block), j - 1), counted("", number)};
}

const KerasLayerWeights& layer_of(const KerasWeights& weights, size_t block, int j, int number) {
  const std::array<std::string, 3> places = places_of(block, j, number);
  for (const std::string& place : places) {
    const KerasLayerWeights* layer = weights.find(place);
    if (layer == nullptr) continue;
    if (layer->datasets.size() != 2)
      fail(weights.file.place(), "'{}' holds {} weights; expected a kernel and a bias", layer->group,
           layer->datasets.size());
    return *layer;
  }
  fail(weights.file.place(), "holds no weights of '{}', which a VGG needs, nor '{}/vars/0'", places[0], places[1]);
}

void add_convolution(Model& model, const KerasWeights& weights, const KerasLayerWeights& layer, const std::string& name,
                     int64_t c, int64_t k) {
  constexpr int64_t kSide = 3;
  const std::vector<float> kernel = weights.numbers(layer, 0, {kSide, kSide, c, k});
  std::vector<float> bias = weights.numbers(layer, 1, {k});
  const WindowAttributes window{.r = kSide, .s = kSide, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  const std::string input = model.layers.empty() ? Model::kInput : model.layers.back().name;
  model.layers.push_back(
      {name + ":pre",
       std::make_shared<Convolution>(
           window, 1,
           Weights::from(to_kcrs(kernel, kSide * kSide, static_cast<size_t>(c), static_cast<size_t>(k)),
                         {k, c, kSide, kSide}),
           Weights::from(std::move(bias), {k})),
       {input}});
  model.layers.push_back({name, std::make_shared<Relu>(), {name + ":pre"}});
}

constexpr std::array<int64_t, 5> kChannels{64, 128, 256, 512, 512};  // of the blocks

struct Vgg {
  const char* name;
  std::array<int, 5> convolutions;  // of the blocks
};
constexpr std::array<Vgg, 2> kVggs{{{"vgg16", {2, 2, 3, 3, 3}}, {"vgg19", {2, 2, 4, 4, 4}}}};

Model read_vgg(const KerasWeights& weights, const Vgg& vgg) {
  // keras.applications' poolings, whose layers are known by name, round down; those of other files, as the Caffe networks that they
  // come from, up. At multiples of 32 that is the same.
  const bool named = weights.find("block1_conv1") != nullptr;
  const WindowAttributes halves{.r = 2, .s = 2, .stride_h = 2, .stride_w = 2, .ceil = !named};
  Model model;
  model.name = vgg.name;
  model.preprocessing = {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
  model.preprocessing_source = fmt::format("{} for a {} of Keras", kAssumed, vgg.name);
  int64_t channels = model.channels;
  int number = 0;
  for (size_t b = 1; b <= kChannels.size(); ++b) {
    for (int j = 1; j <= vgg.convolutions.at(b - 1); ++j) {
      add_convolution(model, weights, layer_of(weights, b, j, number++), fmt::format("conv{}_{}", b, j), channels,
                      kChannels.at(b - 1));
      channels = kChannels.at(b - 1);
    }
    const std::string last = model.layers.back().name;
    model.layers.push_back({fmt::format("pool{}", b),
                            std::make_shared<Pooling>(PoolingKind::max, halves, PoolingDivisor::padded, false),
                            {last}});
  }
  return model;
}

// Whether all convolutions of a VGG are there, by name or in their blocks, with the kernels that they have.
bool holds(const KerasWeights& weights, const Vgg& vgg) {
  int64_t channels = 3;
  for (size_t b = 1; b <= kChannels.size(); ++b) {
    for (int j = 1; j <= vgg.convolutions.at(b - 1); ++j) {
      const std::array<std::string, 3> places = places_of(b, j, 0);
      const KerasLayerWeights* layer = weights.find(places[0]);
      if (layer == nullptr) layer = weights.find(places[1]);
      const int64_t k = kChannels.at(b - 1);
      if (layer == nullptr || layer->dims.empty() || layer->dims[0] != std::vector<int64_t>{3, 3, channels, k})
        return false;
      channels = k;
    }
  }
  return true;
}

// Which VGG a file is of; null for another network. The larger one has all that the smaller has.
const Vgg* vgg_in(const KerasWeights& weights) {
  for (const size_t i : {size_t{1}, size_t{0}})
    if (holds(weights, kVggs.at(i))) return &kVggs.at(i);
  return nullptr;
}

// "ResNet50", "MobileNet_V2": upper case and underscores are all that Keras' names and others' differ in.
std::string plain(const std::string& name) {
  std::string result;
  for (const char c : name) {
    if (c != '_' && c != '-') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

void refuse_theano(const std::string& path, const KerasWeights& weights) {
  if (weights.layout == KerasLayout::numbered || weights.backend == "theano")
    fail(path,
         "holds Theano's kernels, which are turned by 180 degrees: take the file for TensorFlow, such as "
         "vgg16_weights_tf_dim_ordering_tf_kernels.h5");
}

// The VGG that was asked for, or that the layers' names are of.
const Vgg& chosen_vgg(const KerasWeights& weights, const std::string& wanted, const std::string& path) {
  std::vector<std::string> names = keras_network_names();
  for (const Vgg& vgg : kVggs) {
    names.emplace_back(vgg.name);
    if (plain(wanted) == vgg.name) return vgg;
  }
  const Vgg* const found = vgg_in(weights);
  if (found != nullptr && wanted.empty()) return *found;
  if (wanted.empty())
    fail(path,
         "holds weights under names of no network of Keras that is known: give --architecture ({}), or save the whole "
         "model",
         fmt::join(names, ", "));
  const auto known =
      std::find_if(names.begin(), names.end(), [&](const std::string& name) { return plain(name) == plain(wanted); });
  if (known != names.end()) fail(path, "expected {}, but holds no weights under the names of its layers", wanted);
  fail(wanted, "no such architecture of Keras{}; known: {}", suggestion(wanted, names), fmt::join(names, ", "));
}

}  // namespace

bool is_hdf5(const std::string& path) { return hdf5::starts(MappedFile::open(path)->bytes()); }

Model read_keras(const std::string& path, const std::string& architecture, const source::ImportOptions& options) {
  KerasWeights weights = read_keras_weights(path);
  refuse_theano(path, weights);
  const std::string member = keras_network_in(weights);
  if (member.empty()) return read_vgg(weights, chosen_vgg(weights, architecture, path));
  if (!architecture.empty() && plain(architecture) != plain(member))
    fail(path, "expected {}, got the layers of {}", architecture, member);
  source::Network network = build_keras_network(weights, path, member);
  if (options.height > 0)
    std::tie(network.inputs[0].dims[1], network.inputs[0].dims[2]) = std::pair(options.height, options.width);
  Model model = source::import_network(network, options);
  model.notes.insert(model.notes.begin(), fmt::format("{}: recognised as {} of Keras", path, member));
  return model;
}

}  // namespace phosphene
