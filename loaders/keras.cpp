#include "loaders/keras.h"

#include <algorithm>
#include <array>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "loaders/keras/keras_file.h"
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

struct Block {
  int convolutions;
  int64_t channels;
};
constexpr std::array<Block, 5> kBlocks{{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}};

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
  fail(weights.file.place(), "holds no weights of '{}', which vgg16 needs, nor '{}/vars/0'", places[0], places[1]);
}

// Whether all 13 convolutions of VGG16 are there, in their blocks, with the kernels that they have.
bool is_vgg16(const KerasWeights& weights) {
  int64_t channels = 3;
  for (size_t b = 1; b <= kBlocks.size(); ++b) {
    for (int j = 1; j <= kBlocks.at(b - 1).convolutions; ++j) {
      const std::array<std::string, 3> places = places_of(b, j, 0);
      const KerasLayerWeights* layer = weights.find(places[0]);
      if (layer == nullptr) layer = weights.find(places[1]);
      const int64_t k = kBlocks.at(b - 1).channels;
      if (layer == nullptr || layer->dims.empty() || layer->dims[0] != std::vector<int64_t>{3, 3, channels, k})
        return false;
      channels = k;
    }
  }
  return true;
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

Model read_vgg16(const std::string& path) {
  const KerasWeights weights = read_keras_weights(path);
  if (weights.layout == KerasLayout::numbered || weights.backend == "theano")
    fail(path,
         "holds Theano's kernels, which are turned by 180 degrees: take the file for TensorFlow, such as "
         "vgg16_weights_tf_dim_ordering_tf_kernels.h5");
  const WindowAttributes halves{.r = 2, .s = 2, .stride_h = 2, .stride_w = 2, .ceil = true};
  Model model;
  model.name = "vgg16";
  model.preprocessing = {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
  model.preprocessing_source = "assumed for a VGG16 of Keras";
  int64_t channels = model.channels;
  int number = 0;
  for (size_t b = 1; b <= kBlocks.size(); ++b) {
    for (int j = 1; j <= kBlocks[b - 1].convolutions; ++j) {
      add_convolution(model, weights, layer_of(weights, b, j, number++), fmt::format("conv{}_{}", b, j), channels,
                      kBlocks[b - 1].channels);
      channels = kBlocks[b - 1].channels;
    }
    const std::string last = model.layers.back().name;
    model.layers.push_back({fmt::format("pool{}", b),
                            std::make_shared<Pooling>(PoolingKind::max, halves, PoolingDivisor::padded, false),
                            {last}});
  }
  return model;
}

struct Architecture {
  const char* name;
  Model (*read)(const std::string&);
};
constexpr std::array<Architecture, 1> kArchitectures{{{"vgg16", read_vgg16}}};

const Architecture& architecture_called(const std::string& wanted, const std::string& path) {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) {
    if (wanted == known.name) return known;
    names.emplace_back(known.name);
  }
  if (wanted.empty() && is_vgg16(read_keras_weights(path))) return kArchitectures[0];
  if (wanted.empty())
    fail(path, "Keras weights come without a topology: give --architecture ({})", fmt::join(names, ", "));
  fail(wanted, "no such architecture{}; known: {}", suggestion(wanted, names), fmt::join(names, ", "));
}

}  // namespace

bool is_hdf5(const std::string& path) { return hdf5::starts(MappedFile::open(path)->bytes()); }

Model read_keras(const std::string& path, const std::string& architecture) {
  return architecture_called(architecture, path).read(path);
}

}  // namespace phosphene
