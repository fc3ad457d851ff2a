// Inception v3 (C. Szegedy et al., CVPR 2016). Its layers are numbered in the order in which Keras' code makes them (conv2d_1, or the first of
// what stands in the file), norms have no scale, and averages leave the padding out.
#include <algorithm>
#include <cctype>

#include "loaders/keras_networks/keras_network.h"
#include "runtime/error.h"

namespace phosphene::keras_networks::inception_v3 {
namespace {

constexpr double kEpsilon = 1e-3;
constexpr size_t kConvolutions = 94;
constexpr Window kHalves{.stride = 2, .same = false};

// The layers called PREFIX or PREFIX_N, by their numbers.
std::vector<std::string> numbered(const KerasWeights& weights, const std::string& prefix) {
  std::vector<std::pair<int64_t, std::string>> found;
  for (const KerasLayerWeights& layer : weights.layers) {
    if (!layer.layer.starts_with(prefix)) continue;
    const std::string rest = layer.layer.substr(prefix.size());
    const bool number = rest.size() > 1 && rest.size() < 10 && rest[0] == '_' &&
                        std::all_of(rest.begin() + 1, rest.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (rest.empty() || number) found.emplace_back(number ? std::stoll(rest.substr(1)) : 0, layer.layer);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [number, name] : found) names.push_back(std::move(name));
  return names;
}

std::string recognise(const KerasWeights& weights) {
  const bool known = numbered(weights, "conv2d").size() == kConvolutions &&
                     numbered(weights, "batch_normalization").size() == kConvolutions;
  return known ? "inception_v3" : "";
}

class Builder {
 public:
  Builder(Layers& m, const KerasWeights& weights)
      : m_(m), convolutions_(numbered(weights, "conv2d")), norms_(numbered(weights, "batch_normalization")) {}

  // The next convolution, norm and ReLU.
  Value unit(const Value& src, const Window& window = {}) {
    const size_t i = next_++;
    const Value x = m_.norm(m_.conv(src, convolutions_.at(i), window), norms_.at(i), kEpsilon, false);
    return m_.relu(x, fmt::format("activation_{}", i + 1));
  }

  Value units(Value src, int count, const Window& last = {}) {
    for (int i = 1; i <= count; ++i) src = unit(src, i == count ? last : Window{});
    return src;
  }

  Value averaged(const Value& src, const std::string& name) {
    return unit(m_.average_pool(src, name + "_pool", 3, {}));
  }

  // 35 x 35.
  Value first(const Value& src, const std::string& name) {
    const Value one = unit(src), five = units(src, 2), three = units(src, 3), pool = averaged(src, name);
    return m_.concat({one, five, three, pool}, name);
  }

  // 17 x 17.
  Value second(const Value& src, const std::string& name) {
    const Value one = unit(src), seven = units(src, 3), twice = units(src, 5), pool = averaged(src, name);
    return m_.concat({one, seven, twice, pool}, name);
  }

  // Two convolutions beside each other.
  Value split(const Value& src, const std::string& name) {
    const Value across = unit(src), down = unit(src);
    return m_.concat({across, down}, name);
  }

  // 8 x 8.
  Value third(const Value& src, const std::string& name) {
    const Value one = unit(src);
    const Value three = split(unit(src), name + "_three"), twice = split(units(src, 2), name + "_twice");
    return m_.concat({one, three, twice, averaged(src, name)}, name);
  }

  // A branch of so many convolutions and one of so many others, both halving, and a pooling.
  Value halved(const Value& src, const std::string& name, int few, int many) {
    const Value a = units(src, few, kHalves), b = units(src, many, kHalves);
    return m_.concat({a, b, m_.max_pool(src, name + "_pool", 3, kHalves)}, name);
  }

 private:
  Layers& m_;
  std::vector<std::string> convolutions_, norms_;
  size_t next_ = 0;
};

source::Network build(KerasWeights& weights, const std::string& path, const std::string& member) {
  constexpr Window kValid{.stride = 1, .same = false};
  Layers m(weights, path, member, 299);
  Builder b(m, weights);
  Value x = b.unit(b.unit(b.unit(m.input(), kHalves), kValid));
  x = m.max_pool(x, "max_pooling2d", 3, kHalves);
  x = m.max_pool(b.unit(b.unit(x, kValid), kValid), "max_pooling2d_1", 3, kHalves);
  for (const char* name : {"mixed0", "mixed1", "mixed2"}) x = b.first(x, name);
  x = b.halved(x, "mixed3", 1, 3);
  for (const char* name : {"mixed4", "mixed5", "mixed6", "mixed7"}) x = b.second(x, name);
  x = b.halved(x, "mixed8", 2, 4);
  for (const char* name : {"mixed9", "mixed10"}) x = b.third(x, name);
  m.prepared_as("inception");
  return m.finish(x, "avg_pool", "predictions");
}

}  // namespace

KerasFamily family() { return {{"inception_v3"}, recognise, build}; }

}  // namespace phosphene::keras_networks::inception_v3
