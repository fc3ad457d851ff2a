#include "loaders/keras/keras_file.h"

#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "loaders/keras.h"
#include "loaders/keras/model_config.h"
#include "tests/loaders/hdf5_writer.h"
#include "tests/loaders/mutants.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace phosphene::testing {
namespace keras_file_test {
namespace {

using source::Constant;
using source::Network;
using source::Node;

std::vector<float> floats_of(const Constant& constant) {
  return {constant.numbers.data, constant.numbers.data + constant.elements()};
}

const Node& node_called(const Network& network, const std::string& name) {
  for (const Node& node : network.nodes) {
    if (node.name == name) return node;
  }
  throw std::runtime_error("no node " + name);
}

std::vector<std::string> names_of(const Network& network) {
  std::vector<std::string> names;
  for (const Node& node : network.nodes) names.push_back(node.name);
  return names;
}

// Weights of one element each, whatever is asked for.
class AnyWeights final : public keras::LayerWeights {
 public:
  std::vector<Constant> read(const std::vector<keras::Step>&, const std::vector<std::string>& names) override {
    return {names.size(), Constant::of(std::vector<float>{1}, {1})};
  }
};

Network read_config(const std::string& text) {
  Network network;
  network.path = "net.keras";
  AnyWeights weights;
  constexpr int kDeepest = 100;
  keras::add_model(network, parse_json(text, network.path, {.max_depth = kDeepest}), weights);
  check(network);
  return network;
}

// {"class_name": CLASS, "config": {"name": NAME, MORE}, "inbound_nodes": INBOUND}
std::string layer(const std::string& class_name, const std::string& name, const std::string& inbound,
                  const std::string& more = "", const std::string& beside = "") {
  return fmt::format(R"({{"class_name": "{}", "config": {{"name": "{}"{}{}}}, "name": "{}", "inbound_nodes": {}{}{}}})",
                     class_name, name, more.empty() ? "" : ", ", more, name, inbound, beside.empty() ? "" : ", ",
                     beside);
}

const std::string kInput = layer("InputLayer", "in", "[]", R"("batch_shape": [null, 8, 8, 3])");

std::string functional(const std::vector<std::string>& layers, const std::string& output) {
  return fmt::format(R"({{"class_name": "Functional", "config": {{"name": "net", "layers": [{}, {}],)"
                     R"("input_layers": [["in", 0, 0]], "output_layers": [["{}", 0, 0]]}}}})",
                     kInput, fmt::join(layers, ", "), output);
}

std::string reads(const std::string& name) { return fmt::format(R"([[["{}", 0, 0, {{}}]]])", name); }

TEST(KerasFile, ReadsTheSameFromBothContainers) {
  PHOSPHENE_ASSET(grouped_path, "models/small_keras.h5");
  PHOSPHENE_ASSET(archived_path, "models/small_keras.keras");
  EXPECT_TRUE(is_keras_model(grouped_path.string()));
  EXPECT_TRUE(is_keras_model(archived_path.string()));
  const Network grouped = read_keras_model(grouped_path.string()), archived = read_keras_model(archived_path.string());
  EXPECT_EQ(grouped.format, "Keras HDF5, Keras 2.21.0");
  EXPECT_EQ(archived.format, "Keras archive, Keras 3.15.1");
  EXPECT_EQ(names_of(grouped), (std::vector<std::string>{"conv_a", "bn_a", "relu_a", "dw_b", "bn_b", "relu_b", "conv_c",
                                                         "pool_c", "flat", "dense_d", "logits", "prob"}));
  EXPECT_EQ(names_of(archived), names_of(grouped));
  ASSERT_EQ(archived.inputs.size(), 1U);
  EXPECT_EQ(archived.inputs[0].dims, (std::vector<int64_t>{0, 33, 34, 3}));
  EXPECT_EQ(archived.outputs, std::vector<std::string>{"prob"});
  EXPECT_EQ(
      node_called(grouped, "bn_a").inputs,
      (std::vector<std::string>{"conv_a", "bn_a/gamma", "bn_a/beta", "bn_a/moving_mean", "bn_a/moving_variance"}));
  ASSERT_EQ(archived.constants.size(), 17U);
  for (const auto& [name, constant] : grouped.constants) {
    ASSERT_TRUE(archived.constants.contains(name)) << name;
    EXPECT_EQ(archived.constants.at(name).dims, constant.dims) << name;
    EXPECT_EQ(floats_of(archived.constants.at(name)), floats_of(constant)) << name;
  }
  EXPECT_EQ(archived.constants.at("dw_b/depthwise_kernel").dims, (std::vector<int64_t>{3, 3, 8, 1}));
}

TEST(KerasFile, PassesAttributesOn) {
  PHOSPHENE_ASSET(path, "models/small_keras.keras");
  const Network network = read_keras_model(path.string());
  const auto& conv = node_called(network, "conv_a").attributes;
  EXPECT_EQ(std::get<std::vector<int64_t>>(conv.at("strides")), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(std::get<std::string>(conv.at("padding")), "same");
  EXPECT_EQ(std::get<int64_t>(conv.at("use_bias")), 0);
  EXPECT_FALSE(conv.contains("kernel_initializer"));
  EXPECT_FALSE(conv.contains("dtype"));
  EXPECT_EQ(std::get<double>(node_called(network, "bn_a").attributes.at("epsilon")), 0.001);
  EXPECT_EQ(std::get<double>(node_called(network, "relu_b").attributes.at("max_value")), 6.0);
  EXPECT_FALSE(node_called(network, "relu_a").attributes.contains("max_value"));  // null
}

TEST(KerasFile, WiresAFunctionalModelOfAnyKeras) {
  const std::string tensor =
      R"({{"class_name": "__keras_tensor__", "config": {{"shape": [null, 8], "keras_history": ["{}", 0, 0]}}}})";
  const Network network = read_config(functional(
      {layer("Add", "sum",
             fmt::format(R"([{{"args": [[{}, {}]], "kwargs": {{"mask": [null, null], "training": false}}}}])",
                         fmt::format(fmt::runtime(tensor), "b"), fmt::format(fmt::runtime(tensor), "a"))),
       layer("ReLU", "a", reads("in")), layer("Softmax", "b", R"([["a", 0, 0, {}]])", R"("axis": [3])"),
       layer("Multiply", "twice",
             fmt::format(R"([{{"args": [{}, 2.5], "kwargs": {{}}}}])", fmt::format(fmt::runtime(tensor), "sum")), "",
             R"("module": "keras.src.ops.numpy")"),
       layer("ZeroPadding2D", "pad", reads("twice"), R"("padding": [[1, 2], [3, 4]])")},
      "pad"));
  EXPECT_EQ(names_of(network), (std::vector<std::string>{"a", "b", "sum", "twice", "pad"}));
  EXPECT_EQ(node_called(network, "sum").inputs, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(node_called(network, "twice").op, "keras.ops.Multiply");
  EXPECT_EQ(node_called(network, "twice").inputs, (std::vector<std::string>{"sum", "twice/argument1"}));
  EXPECT_EQ(floats_of(network.constants.at("twice/argument1")), std::vector<float>{2.5F});
  EXPECT_EQ(std::get<std::vector<int64_t>>(node_called(network, "pad").attributes.at("padding")),
            (std::vector<int64_t>{1, 2, 3, 4}));
}

TEST(KerasFile, PutsNestedModelsInLine) {
  const std::string inner = fmt::format(
      R"({{"class_name": "Functional", "config": {{"name": "base", "layers": [{}, {}], "input_layers": ["in", 0, 0],)"
      R"("output_layers": ["conv", 0, 0]}}, "name": "base", "inbound_nodes": {}}})",
      kInput, layer("Conv2D", "conv", reads("in"), R"("use_bias": true)"), reads("in"));
  const std::string head = fmt::format(
      R"({{"class_name": "Sequential", "config": {{"name": "head", "layers": [{}, {}]}}, "name": "head", "inbound_nodes": {}}})",
      layer("InputLayer", "head_in", "[]", R"("batch_input_shape": [null, 8])"), layer("Dense", "fc", "[]"),
      reads("base"));
  const Network network = read_config(functional({inner, head}, "head"));
  EXPECT_EQ(names_of(network), (std::vector<std::string>{"base/conv", "head/fc"}));
  EXPECT_EQ(network.inputs.size(), 1U);
  EXPECT_EQ(node_called(network, "base/conv").inputs,
            (std::vector<std::string>{"in", "base/conv/kernel", "base/conv/bias"}));
  EXPECT_EQ(node_called(network, "head/fc").inputs.front(), "base/conv");
  EXPECT_EQ(network.outputs, std::vector<std::string>{"head/fc"});
}

TEST(KerasFile, ReadsSequentialModelsOfEveryAge) {
  const std::string first = layer("Conv2D", "c", "[]", R"("batch_input_shape": [null, 8, 8, 3], "activation": "relu")");
  const std::string last = layer("Flatten", "f", "[]");
  for (const std::string& layers :
       {fmt::format("[{}, {}]", first, last), fmt::format(R"({{"name": "s", "layers": [{}, {}]}})", first, last)}) {
    const Network network = read_config(fmt::format(R"({{"class_name": "Sequential", "config": {}}})", layers));
    EXPECT_EQ(names_of(network), (std::vector<std::string>{"c", "f"}));
    EXPECT_EQ(network.inputs.at(0).name, "c_input");
    EXPECT_EQ(network.inputs.at(0).dims, (std::vector<int64_t>{0, 8, 8, 3}));
    EXPECT_EQ(node_called(network, "f").inputs, std::vector<std::string>{"c"});
  }
  EXPECT_TRUE(refuses(
      [&] { read_config(fmt::format(R"({{"class_name": "Sequential", "config": {{"layers": [{}]}}}})", last)); },
      {"shape", "build the model"}));
}

TEST(KerasFile, CallsALayerWithoutWeightsAgain) {
  const std::string twice = R"([[["in", 0, 0, {}]], [["relu", 0, 0, {}]]])";
  const Network network =
      read_config(functional({layer("ReLU", "relu", twice), layer("Flatten", "f", R"([[["relu", 1, 0, {}]]])")}, "f"));
  EXPECT_EQ(node_called(network, "f").inputs, std::vector<std::string>{"relu:call1"});
  EXPECT_TRUE(refuses([&] { read_config(functional({layer("Dense", "relu", twice)}, "relu")); },
                      {"'relu' (Dense)", "more than once", "share"}));
}

TEST(KerasFile, RefusesWhatItCannotRead) {
  const auto refused = [](const std::string& text, const std::vector<std::string>& words) {
    return refuses([&] { read_config(text); }, words);
  };
  EXPECT_TRUE(
      refused(functional({layer("Lambda", "x", reads("in"))}, "x"), {"net.keras", "'x' (Lambda)", "Python code"}));
  EXPECT_TRUE(refused(functional({layer("Swish", "x", reads("in"), "", R"("registered_name": "mine>Swish")")}, "x"),
                      {"'x' (Swish)", "code is not in the file"}));
  EXPECT_TRUE(refused(functional({layer("TFOpLambda", "x", reads("in"))}, "x"), {"'x'", "TensorFlow"}));
  EXPECT_TRUE(refused(functional({layer("ReLU", "x", reads("no"))}, "x"), {"'x' (ReLU)", "'no'"}));
  EXPECT_TRUE(refused(functional({layer("ReLU", "x", reads("x"))}, "x"), {"'x' (ReLU)", "waits"}));
  EXPECT_TRUE(refused(functional({layer("ReLU", "x", reads("in"))}, "y"), {"output_layers", "'y'"}));
  EXPECT_TRUE(refused(functional({layer("ReLU", "x", R"([[["in", 0, 0, {"training": true}]]])")}, "x"),
                      {"'x' (ReLU)", "'training'"}));
  EXPECT_TRUE(refused(functional({layer("Dense", "x", reads("in"), R"("dtype": "int8_from_float32")")}, "x"),
                      {"'x' (Dense)", "int8_from_float32"}));
  EXPECT_TRUE(refused(functional({layer("Dense", "x", reads("in"),
                                        R"("activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.1}})")},
                                 "x"),
                      {"'x' (Dense)", "LeakyReLU", "alpha"}));
  EXPECT_TRUE(
      refused(functional({layer("TimeDistributed", "x", reads("in"), R"("layer": {"class_name": "Dense"})")}, "x"),
              {"'x' (TimeDistributed)", "layer", "object"}));
  EXPECT_TRUE(refused(R"({"class_name": "MyModel", "config": {}})", {"MyModel", "Functional or Sequential"}));
}

// A model of one convolution that Keras 2 might have written.
void write_model(const std::string& path, const std::string& class_name = "Conv2D",
                 const std::vector<std::string>& weights = {"c/kernel:0", "c/bias:0"},
                 const std::string& backend = "tensorflow") {
  Hdf5Writer file(path);
  file.text("/", "model_config", functional({layer(class_name, "c", reads("in"))}, "c"));
  file.text("/", "backend", backend);
  file.text("/", "keras_version", "2.4.0");
  file.group("optimizer_weights");
  file.group("model_weights/c");
  file.texts("model_weights/c", "weight_names", weights);
  if (!weights.empty())
    file.add_packed("model_weights/c/" + weights[0], {1, 1, 3, 2}, {1, 1, 3, 1}, {1, 2, 3, 4, 5, 6});
  for (size_t i = 1; i < weights.size(); ++i) file.add("model_weights/c/" + weights[i], {2}, {0.5F, -0.5F});
}

TEST(KerasFile, FindsWeightsInGroups) {
  const TemporaryFolder folder;
  const std::string path = folder.file("net.h5");
  write_model(path);
  const Network network = read_keras_model(path);
  EXPECT_EQ(floats_of(network.constants.at("c/kernel")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(floats_of(network.constants.at("c/bias")), (std::vector<float>{0.5F, -0.5F}));
  EXPECT_EQ(network.notes, std::vector<std::string>{"left out the optimizer's state"});

  write_model(path, "Conv2D", {"c/kernel:0"});
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"net.h5", "'c'", "'kernel', 'bias'", "'c/kernel:0'"}));
  write_model(path, "Conv2D", {"c/gamma:0", "c/beta:0"});
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"'c'", "expected its kernel", "'c/gamma:0'"}));
  write_model(path, "Attention");
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"'c'", "expected the weights: none", "'c/kernel:0'"}));
  write_model(path, "Conv2D", {"c/kernel:0", "c/bias:0"}, "theano");
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"net.h5", "Theano", "180"}));
}

TEST(KerasFile, FollowsNothingOutOfTheFile) {
  const TemporaryFolder folder;
  const std::string other = folder.file("other.h5"), path = folder.file("net.h5");
  Hdf5Writer(other).add("kernel", {1, 1, 3, 2}, {1, 2, 3, 4, 5, 6});
  const auto write = [&](const std::function<void(Hdf5Writer&, hid_t group)>& add) {
    Hdf5Writer file(path);
    file.text("/", "model_config", functional({layer("Conv2D", "c", reads("in"), R"("use_bias": false)")}, "c"));
    file.group("model_weights/c");
    file.texts("model_weights/c", "weight_names", {"kernel"});
    const hid_t group = H5Gopen2(file.file(), "model_weights/c", H5P_DEFAULT);
    add(file, group);
    H5Gclose(group);
  };
  write([&](Hdf5Writer&, hid_t group) {
    H5Lcreate_external(other.c_str(), "kernel", group, "kernel", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"net.h5", "model_weights/c/kernel", "link"}));
  write([&](Hdf5Writer&, hid_t group) {
    const hsize_t count = 6;
    const hid_t space = H5Screate_simple(1, &count, nullptr), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, other.c_str(), 0, count * sizeof(float));
    H5Dclose(H5Dcreate2(group, "kernel", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
    H5Pclose(creation);
    H5Sclose(space);
  });
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"'model_weights/c/kernel'", "another file"}));
  write([&](Hdf5Writer&, hid_t) {});
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"no dataset 'model_weights/c/kernel'"}));
}

TEST(KerasFile, TakesNoMemoryByAFilesWord) {
  const TemporaryFolder folder;
  const std::string path = folder.file("net.h5");
  const auto write = [&](const std::function<void(Hdf5Writer&)>& add) {
    Hdf5Writer file(path);
    file.text("/", "model_config", functional({layer("Conv2D", "c", reads("in"), R"("use_bias": false)")}, "c"));
    file.group("model_weights/c");
    file.texts("model_weights/c", "weight_names", {"kernel"});
    add(file);
  };
  write([](Hdf5Writer& file) { file.add("model_weights/c/kernel", {1 << 20, 1 << 20}); });
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"'model_weights/c/kernel'", "never written"}));
  write([](Hdf5Writer& file) {
    file.add_packed("model_weights/c/kernel", {1 << 12, 1 << 12}, {1 << 12, 1 << 12}, std::vector<float>(1 << 24));
  });
  EXPECT_TRUE(refuses([&] { read_keras_model(path); }, {"'model_weights/c/kernel'", "unpacked"}));
}

TEST(KerasFile, ReadsWeightsOfEveryLayout) {
  const TemporaryFolder folder;
  {
    Hdf5Writer file(folder.file("named.h5"));
    file.texts("/", "layer_names", {"b", "pool", "a"});
    for (const char* name : {"b", "pool", "a"}) file.group(name);
    file.texts("b", "weight_names", {"b_W_1:0", "b_b_1:0"});
    file.texts("a", "weight_names", {"a/kernel:0"});
    file.add("b/b_W_1:0", {1, 2}, {1, 2});
    file.add("b/b_b_1:0", {2}, {3, 4});
    file.add("a/a/kernel:0", {1}, {5});
  }
  const KerasWeights named = read_keras_weights(folder.file("named.h5"));
  EXPECT_EQ(named.layout, KerasLayout::named);
  ASSERT_EQ(named.layers.size(), 2U);
  EXPECT_EQ(named.layers[0].layer, "b");
  EXPECT_EQ(named.numbers(named.layers[0], 1, {2}), (std::vector<float>{3, 4}));
  EXPECT_EQ(named.layers[1].dims, (std::vector<std::vector<int64_t>>{{1}}));
  EXPECT_TRUE(refuses(
      [&] {
        static_cast<void>(named.numbers(named.layers[0], 0, {2, 1}));
      },
      {"b/b_W_1:0", "[1, 2]", "[2, 1]"}));
  {
    Hdf5Writer file(folder.file("counted.h5"));
    for (const int number : {10, 2}) {
      file.add(fmt::format("layers/dense_{}/vars/0", number), {1}, {static_cast<float>(number)});
      file.add(fmt::format("layers/dense_{}/vars/1", number), {1}, {0});
    }
    file.text("layers/dense_2/vars", "name", "second");
    file.add("optimizer/vars/0", {1}, {9});
  }
  const KerasWeights counted = read_keras_weights(folder.file("counted.h5"));
  EXPECT_EQ(counted.layout, KerasLayout::counted);
  ASSERT_EQ(counted.layers.size(), 2U);
  EXPECT_EQ(counted.layers[0].layer, "second");
  EXPECT_EQ(counted.layers[1].layer, "layers/dense_10");
  {
    Hdf5Writer file(folder.file("numbered.h5"));
    file.group("layer_0");
    file.add("layer_1/param_0", {1}, {1});
    file.add("layer_1/param_1", {1}, {2});
  }
  const KerasWeights numbered = read_keras_weights(folder.file("numbered.h5"));
  EXPECT_EQ(numbered.layout, KerasLayout::numbered);
  ASSERT_EQ(numbered.layers.size(), 1U);
  EXPECT_EQ(numbered.layers[0].datasets, (std::vector<std::string>{"layer_1/param_0", "layer_1/param_1"}));
  EXPECT_FALSE(is_keras_model(folder.file("named.h5")));
}

TEST(KerasFile, ReadsVgg16AsItIsHandedAround) {
  for (const char* name : {"vgg16_weights_tf_dim_ordering_tf_kernels.h5",
                           "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "vgg16_later_notop.h5"}) {
    PHOSPHENE_ASSET(path, std::string("cases/06/") + name);
    EXPECT_EQ(read_keras(path.string(), "vgg16").layers.size(), 2 * 13U + 5) << name;
  }
  PHOSPHENE_ASSET(oldest, "cases/06/vgg16_weights.h5");
  EXPECT_TRUE(refuses([&] { read_keras(oldest.string(), "vgg16"); },
                      {"vgg16_weights.h5", "Theano", "180 degrees", "tf_kernels"}));
}

void expect_read_or_refused(const std::function<void()>& read, int& was_read, int& was_refused) {
  try {
    read();
    ++was_read;
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::user) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    ++was_refused;
  }
}

int64_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(KerasFile, ReadsOrRefusesEveryMutantOfAConfiguration) {
  const std::string config =
      functional({layer("Conv2D", "conv", reads("in"), R"("strides": [2, 2], "activation": "relu")"),
                  layer("Flatten", "flat", reads("conv")), layer("Dense", "fc", reads("flat"))},
                 "fc");
  int read = 0, refused = 0;
  for_each_mutant(config, 500, 11, [&](const std::string& mutant) {
    expect_read_or_refused([&] { read_config(mutant); }, read, refused);
  });
  EXPECT_GT(read, 5);
  EXPECT_GT(refused, 100);
}

TEST(KerasFile, ReadsOrRefusesEveryMutantOfAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.file("net.h5");
  write_model(path);
  const std::string contents = contents_of(path);
  int read = 0, refused = 0;
  for_each_mutant(contents, 500, 13, [&](const std::string& mutant) {
    expect_read_or_refused([&] { read_keras_model(folder.write("net.h5", mutant)); }, read, refused);
  });
  EXPECT_GT(refused, 20);
  PHOSPHENE_ASSET(archive, "models/small_keras.keras");
  const std::string archived = contents_of(archive.string());
  refused = 0;
  for_each_mutant(archived, 500, 17, [&](const std::string& mutant) {
    expect_read_or_refused([&] { read_keras_model(folder.write("net.keras", mutant)); }, read, refused);
  });
  EXPECT_GT(refused, 400);  // nearly every byte is covered by a checksum
  EXPECT_LT(peak_kilobytes(), 1 << 20);
}

}  // namespace
}  // namespace keras_file_test
}  // namespace phosphene::testing
