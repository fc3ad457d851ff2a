#include "loaders/keras.h"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "loaders/mapped_file.h"
#include "runtime/error.h"
#include "runtime/problems/network.h"

namespace phosphene {
namespace {

// An identifier of the HDF5 library and the function that gives it back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  [[nodiscard]] bool valid() const { return id_ >= 0; }
  [[nodiscard]] hid_t get() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// The numbers of a dataset that must have just this shape; nothing is allocated before it has.
std::vector<float> read_dataset(const Handle& file, const std::string& path, const std::string& name,
                                const std::vector<hsize_t>& shape) {
  const Handle dataset(H5Dopen2(file.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) fail(path, "holds no dataset '{}', which vgg16 needs", name);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose);
  const int rank = space.valid() ? H5Sget_simple_extent_ndims(space.get()) : -1;
  if (rank != static_cast<int>(shape.size()) || !type.valid() || H5Tget_class(type.get()) != H5T_FLOAT) {
    fail(path, "dataset '{}' is not an array of {} dimensions of floating-point numbers", name, shape.size());
  }
  std::vector<hsize_t> found(shape.size());
  H5Sget_simple_extent_dims(space.get(), found.data(), nullptr);
  if (found != shape)
    fail(path, "dataset '{}' has shape [{}], not [{}]", name, fmt::join(found, ", "), fmt::join(shape, ", "));
  size_t count = 1;
  for (const hsize_t size : shape) count *= size;
  std::vector<float> numbers(count);
  if (H5Dread(dataset.get(), H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers.data()) < 0) {
    fail(path, "dataset '{}' cannot be read: the file is damaged or truncated", name);
  }
  return numbers;
}

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

void add_convolution(Model& model, const Handle& file, const std::string& path, const std::string& name,
                     const std::string& dataset, int64_t c, int64_t k) {
  constexpr int64_t kSide = 3;
  const auto in = static_cast<hsize_t>(c), out = static_cast<hsize_t>(k);
  const std::vector<float> kernel = read_dataset(file, path, dataset + "/vars/0", {kSide, kSide, in, out});
  std::vector<float> bias = read_dataset(file, path, dataset + "/vars/1", {out});
  const WindowAttributes window{.r = kSide, .s = kSide, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  const std::string input = model.layers.empty() ? Model::kInput : model.layers.back().name;
  model.layers.push_back({name + ":pre",
                          std::make_shared<Convolution>(
                              window, 1, Weights::from(to_kcrs(kernel, kSide * kSide, in, out), {k, c, kSide, kSide}),
                              Weights::from(std::move(bias), {k})),
                          {input}});
  model.layers.push_back({name, std::make_shared<Relu>(), {name + ":pre"}});
}

Model read_vgg16(const Handle& file, const std::string& path) {
  struct Block {
    int convolutions;
    int64_t channels;
  };
  constexpr std::array<Block, 5> kBlocks{{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}};
  const WindowAttributes halves{.r = 2, .s = 2, .stride_h = 2, .stride_w = 2, .ceil = true};
  Model model;
  model.name = "vgg16";
  model.preprocessing = {255, {104, 117, 123}, {2, 1, 0}};
  int64_t channels = model.channels;
  for (size_t b = 1; b <= kBlocks.size(); ++b) {
    for (int j = 1; j <= kBlocks[b - 1].convolutions; ++j) {
      const std::string dataset = fmt::format("block{}/layers/conv2d{}", b, j == 1 ? "" : fmt::format("_{}", j - 1));
      add_convolution(model, file, path, fmt::format("conv{}_{}", b, j), dataset, channels, kBlocks[b - 1].channels);
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
  Model (*read)(const Handle&, const std::string&);
};
constexpr std::array<Architecture, 1> kArchitectures{{{"vgg16", read_vgg16}}};

const Architecture& architecture_called(const std::string& wanted, const std::string& path) {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) {
    if (wanted == known.name) return known;
    names.emplace_back(known.name);
  }
  if (wanted.empty())
    fail(path, "Keras weights come without a topology: give --architecture ({})", fmt::join(names, ", "));
  fail(wanted, "no such architecture{}; known: {}", suggestion(wanted, names), fmt::join(names, ", "));
}

}  // namespace

bool is_hdf5(const std::string& path) {
  constexpr std::array<unsigned char, 8> kSignature{0x89, 'H', 'D', 'F', '\r', '\n', 0x1A, '\n'};
  const auto file = MappedFile::open(path);
  return file->bytes().size() >= kSignature.size() &&
         std::memcmp(file->bytes().data(), kSignature.data(), kSignature.size()) == 0;
}

Model read_keras(const std::string& path, const std::string& architecture) {
  const Architecture& known = architecture_called(architecture, path);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // the library would print its stack of errors
  const Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  if (!file.valid()) fail(path, "cannot be opened as HDF5: damaged, truncated or another format");
  return known.read(file, path);
}

}  // namespace phosphene
