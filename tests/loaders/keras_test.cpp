#include "loaders/keras.h"

#include "layers/network/convolution.h"
#include "loaders/load_model.h"
#include "loaders/model/model_graph.h"
#include "tests/loaders/hdf5_writer.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace {

// A file as Keras writes it, of the shapes of VGG16, all zeros (which HDF5 does not store) but for the first kernel and
// bias.
void write_vgg16(const std::string& path, hsize_t last_channels = 512) {
  constexpr std::array<hsize_t, 5> kChannels{64, 128, 256, 512, 512};
  constexpr std::array<int, 5> kConvolutions{2, 2, 3, 3, 3};
  Hdf5Writer file(path);
  hsize_t c = 3;
  for (size_t block = 0; block < kChannels.size(); ++block) {
    for (int j = 0; j < kConvolutions[block]; ++j) {
      const bool last = block + 1 == kChannels.size() && j + 1 == kConvolutions[block];
      const hsize_t k = last ? last_channels : kChannels[block];
      const std::string name =
          fmt::format("block{}/layers/conv2d{}/vars/", block + 1, j == 0 ? "" : fmt::format("_{}", j));
      std::vector<float> kernel;
      if (c == 3) {
        for (size_t i = 0; i < 3 * 3 * c * k; ++i) kernel.push_back(static_cast<float>(i));
      }
      file.add(name + "0", {3, 3, c, k}, kernel);
      file.add(name + "1", {k}, c == 3 ? std::vector<float>(k, 0.5F) : std::vector<float>());
      c = k;
    }
  }
}

TEST(Keras, ReadsVgg16AndTransposesItsKernels) {
  const TemporaryFolder folder;
  const std::string path = folder.file("vgg.weights.h5");
  write_vgg16(path);
  const Model model = load_model(path, "", "vgg16");
  EXPECT_EQ(model.name, "vgg16");
  EXPECT_EQ(model.layers.size(), 2 * 13U + 5);
  EXPECT_EQ(model.resolve("conv4_2:pre"), "conv4_2:pre");
  EXPECT_EQ(model.preprocessing.order, (std::vector<int>{2, 1, 0}));
  EXPECT_EQ(model.preprocessing.mean, (std::vector<float>{104, 117, 123}));
  const auto& first = dynamic_cast<const Convolution&>(*model.find("conv1_1:pre")->op);
  ASSERT_EQ(first.weights().shape, (std::vector<int64_t>{64, 3, 3, 3}));
  for (const auto& [k, c, r, s] : {std::array<int, 4>{0, 0, 0, 1}, {5, 2, 1, 0}, {63, 1, 2, 2}}) {
    EXPECT_EQ(first.weights().data[((k * 3 + c) * 3 + r) * 3 + s], static_cast<float>(((r * 3 + s) * 3 + c) * 64 + k));
  }
  EXPECT_EQ(first.bias().data[63], 0.5F);

  Graph graph;
  ModelGraph network(model, graph, graph.state("input", {{1, 3, 96, 96}, Layout::channels_last, DType::f32}));
  EXPECT_EQ(graph.shape(network.value("conv5_3")), (Shape{1, 512, 6, 6}));
}

TEST(Keras, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string path = folder.file("vgg.weights.h5");
  write_vgg16(path, 500);
  EXPECT_TRUE(refuses([&] { load_model(path); }, {"--architecture", "vgg16"}));
  EXPECT_TRUE(refuses([&] { load_model(path, "", "vgg19"); }, {"block3_conv4", "vars/0"}));
  EXPECT_TRUE(refuses([&] { load_model(path, "", "vgg18"); }, {"vgg18", "did you mean 'vgg1"}));
  EXPECT_TRUE(refuses([&] { load_model(path, "", "ResNet50"); }, {"expected ResNet50", "names of its layers"}));
  EXPECT_TRUE(refuses([&] { load_model(path, "", "vgg16"); }, {"block5/layers/conv2d_2/vars/0", "500", "512"}));
  Hdf5Writer(folder.file("other.weights.h5")).add("layers/dense/vars/0", {2, 2});
  EXPECT_TRUE(
      refuses([&] { load_model(folder.file("other.weights.h5"), "", "vgg16"); }, {"block1/layers/conv2d/vars/0"}));
  EXPECT_TRUE(
      refuses([&] { load_model(folder.write("cut.weights.h5", contents_of(path).substr(0, 600)), "", "vgg16"); },
              {"cut.weights.h5", "truncated"}));
}

}  // namespace
}  // namespace phosphene::testing
