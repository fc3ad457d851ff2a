// The forms that Caffe's layers had, networks from their weights alone, and what is done to images before.
#include <gtest/gtest.h>

#include "layers/network/convolution.h"
#include "loaders/caffe/layer_types.h"
#include "loaders/import/rules.h"
#include "loaders/known_preprocessing.h"
#include "loaders/load_model.h"
#include "loaders/model_file.h"
#include "tests/loaders/small_caffe.h"
#include "tests/loaders/small_model.h"

namespace phosphene::testing {
namespace caffe_forms_test {
namespace {

class CaffeForms : public ::testing::Test {
 protected:
  // Everything that is known of a model but its notes.
  std::string stored(const Model& model) {
    save_model(model, files_.folder().file("model.safetensors"));
    return contents_of(files_.folder().file("model.safetensors"));
  }
  ::testing::AssertionResult refused(const std::string& topology, const std::string& weights,
                                     const std::vector<std::string>& words) {
    return refuses([&] { files_.read(topology, weights); }, words);
  }
  ::testing::AssertionResult refused_alone(const std::string& weights, const std::vector<std::string>& words) {
    return refuses([&] { files_.read_alone(weights); }, words);
  }
  CaffeFiles files_;
};

const std::string kFields = "input: 'data' input_dim: 1 input_dim: 3 input_dim: 12 input_dim: 12\n";
const std::string kBlobs =
    "blobs { num: 4 channels: 3 height: 3 width: 3 data: [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, "
    "3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, "
    "4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, "
    "5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9] } blobs { num: 1 channels: 1 height: 1 width: 4 data: [1, 2, 3, 4] }";

// One network in the three forms: convolution, ReLU, LRN, pooling, concat, dropout, inner product, softmax.
const std::string kV2 =
    "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' param { lr_mult: 1 } convolution_param { "
    "num_output: "
    "4 kernel_size: 3 pad: 1 stride: 2 weight_filler { type: 'xavier' } } }"
    "layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' }"
    "layer { name: 'n' type: 'LRN' bottom: 'c' top: 'n' lrn_param { local_size: 3 alpha: 0.5 beta: 0.5 } }"
    "layer { name: 'p' type: 'Pooling' bottom: 'n' top: 'p' pooling_param { pool: AVE kernel_size: 3 stride: 2 } }"
    "layer { name: 'k' type: 'Concat' bottom: 'p' bottom: 'p' top: 'k' concat_param { concat_dim: 1 } }"
    "layer { name: 'd' type: 'Dropout' bottom: 'k' top: 'k' dropout_param { dropout_ratio: 0.25 } }"
    "layer { name: 'f' type: 'InnerProduct' bottom: 'k' top: 'f' inner_product_param { num_output: 1 bias_term: false "
    "} }"
    "layer { name: 's' type: 'Softmax' bottom: 'f' top: 's' }";
const std::string kV1 =
    "layers { name: 'c' type: CONVOLUTION bottom: 'data' top: 'c' blobs_lr: 1 weight_decay: 1 convolution_param { "
    "num_output: 4 kernel_size: 3 pad: 1 stride: 2 weight_filler { type: 'xavier' } } }"
    "layers { name: 'r' type: RELU bottom: 'c' top: 'c' }"
    "layers { name: 'n' type: LRN bottom: 'c' top: 'n' lrn_param { local_size: 3 alpha: 0.5 beta: 0.5 } }"
    "layers { name: 'p' type: POOLING bottom: 'n' top: 'p' pooling_param { pool: AVE kernel_size: 3 stride: 2 } }"
    "layers { name: 'k' type: CONCAT bottom: 'p' bottom: 'p' top: 'k' concat_param { concat_dim: 1 } }"
    "layers { name: 'd' type: DROPOUT bottom: 'k' top: 'k' dropout_param { dropout_ratio: 0.25 } }"
    "layers { name: 'f' type: INNER_PRODUCT bottom: 'k' top: 'f' inner_product_param { num_output: 1 bias_term: false "
    "} }"
    "layers { name: 's' type: SOFTMAX bottom: 'f' top: 's' }";
const std::string kV0 =
    "layers { layer { name: 'c' type: 'conv' num_output: 4 kernelsize: 3 pad: 1 stride: 2 weight_filler { type: "
    "'xavier' } blobs_lr: 1 } bottom: 'data' top: 'c' }"
    "layers { layer { name: 'r' type: 'relu' } bottom: 'c' top: 'c' }"
    "layers { layer { name: 'n' type: 'lrn' local_size: 3 alpha: 0.5 beta: 0.5 } bottom: 'c' top: 'n' }"
    "layers { layer { name: 'p' type: 'pool' pool: AVE kernelsize: 3 stride: 2 } bottom: 'n' top: 'p' }"
    "layers { layer { name: 'k' type: 'concat' concat_dim: 1 } bottom: 'p' bottom: 'p' top: 'k' }"
    "layers { layer { name: 'd' type: 'dropout' dropout_ratio: 0.25 } bottom: 'k' top: 'k' }"
    "layers { layer { name: 'f' type: 'innerproduct' num_output: 1 biasterm: false } bottom: 'k' top: 'f' }"
    "layers { layer { name: 's' type: 'softmax' } bottom: 'f' top: 's' }";

std::string ones(int64_t count) {
  std::string numbers;
  for (int64_t i = 0; i < count; ++i) numbers += i == 0 ? "1" : ", 1";
  return "blobs { data: [" + numbers + "] }";
}
// 8 maps of 3x3 go into the inner product.
const std::string kWeightsV2 = "layer { name: 'c' " + kBlobs + " } layer { name: 'f' " + ones(72) + " }";
const std::string kWeightsV1 = "layers { name: 'c' " + kBlobs + " } layers { name: 'f' " + ones(72) + " }";
const std::string kWeightsV0 =
    "layers { layer { name: 'c' " + kBlobs + " } } layers { layer { name: 'f' " + ones(72) + " } }";

TEST_F(CaffeForms, AllGiveOneModel) {
  const std::string expected = stored(files_.read(kFields + kV2, kWeightsV2));
  for (const std::string* topology : {&kV2, &kV1, &kV0}) {
    for (const std::string* weights : {&kWeightsV2, &kWeightsV1, &kWeightsV0})
      EXPECT_EQ(stored(files_.read(kFields + *topology, *weights)), expected) << *topology << *weights;
  }
}

TEST_F(CaffeForms, AreNotMixed) {
  const std::string v2 = "layer { name: 'x' type: 'ReLU' bottom: 'c' top: 'x' }",
                    v1 = "layers { name: 'x' type: RELU bottom: 'c' top: 'x' }";
  EXPECT_TRUE(refused(kFields + kV1 + v2, kWeightsV2, {"deploy.prototxt", "mixes"}));
  EXPECT_TRUE(refused(kFields + kV0 + v1, kWeightsV2, {"deploy.prototxt", "mixes"}));
  EXPECT_TRUE(refused(kFields + "layers { layer { name: 'c' type: 'conv' num_output: 1 } type: CONVOLUTION }",
                      kWeightsV2, {"'c'", "mixes"}));
  EXPECT_TRUE(refused(kFields + "layers { layer { name: 'r' type: 'relu' stride: 2 } bottom: 'data' top: 'r' }",
                      kWeightsV2, {"'r'", "stride", "another type"}));
  EXPECT_TRUE(refused(kFields + kV2, kWeightsV2 + kWeightsV1, {"w.caffemodel", "'c'", "twice"}));
}

TEST_F(CaffeForms, APaddingMovesIntoItsReader) {
  const std::string padded =
      "layers { layer { name: 'q' type: 'padding' pad: 1 } bottom: 'data' top: 'q' }"
      "layers { layer { name: 'c' type: 'conv' num_output: 4 kernelsize: 3 stride: 2 } bottom: 'q' top: 'c' }";
  const Model model = files_.read(kFields + padded, kWeightsV0);
  ASSERT_EQ(model.layers.size(), 1U);
  EXPECT_EQ(op_of<Convolution>(model, "c").window().pad_bottom, 1);
  EXPECT_TRUE(refused(kFields + "layers { layer { name: 'q' type: 'padding' pad: 1 } bottom: 'data' top: 'q' }"
                                "layers { layer { name: 'r' type: 'relu' } bottom: 'q' top: 'r' }",
                      kWeightsV0, {"'r'", "padding 'q'"}));
}

TEST_F(CaffeForms, EveryTypeThatIsReadHasARule) {
  for (const auto& [op, rule] : source::caffe::rules())
    EXPECT_TRUE(caffe::is_computed(op.substr(std::string("caffe.").size()))) << op;
  EXPECT_EQ(source::caffe::rules().size(), caffe::computed_types().size());
}

// What training saves: a data layer, splits, losses, rules of its phase, and fields that inference does not know.
std::string trained(const std::string& data, const std::string& more = "") {
  return "name: 'net' layer { name: 'data' type: " + data +
         " top: 'data' top: 'label' include { phase: TRAIN } phase: TRAIN }"
         "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' phase: TRAIN " +
         kBlobs +
         " convolution_param { num_output: 4 kernel_size: 3 stride: 2 } }"
         "layer { name: 'bn' type: 'BatchNorm' bottom: 'c' top: 'c' phase: TRAIN batch_norm_param { use_global_stats: "
         "false } blobs { data: [0, 0, 0, 0] } blobs { data: [1, 1, 1, 1] } blobs { data: 1 } }"
         "layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' phase: TRAIN }" +
         more +
         "layer { name: 'p' type: 'Pooling' bottom: 'c' top: 'p' pooling_param { pool: AVE global_pooling: true } }"
         "layer { name: 'ps' type: 'Split' bottom: 'p' top: 'p0' top: 'p1' phase: TRAIN }"
         "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'p0' bottom: 'label' top: 'loss' loss_weight: 1 phase: "
         "TRAIN }"
         "layer { name: 'acc' type: 'Accuracy' bottom: 'p1' bottom: 'label' top: 'acc' phase: TRAIN }";
}

TEST_F(CaffeForms, WeightsAloneTellTheNetworkThatWasTrained) {
  const Model model =
      files_.read_alone(trained("'MemoryData' memory_data_param { batch_size: 8 channels: 3 height: 9 width: 7 }"));
  const Model deployed = files_.read(
      "input: 'data' input_dim: 1 input_dim: 3 input_dim: 9 input_dim: 7 "
      "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { num_output: 4 kernel_size: 3 "
      "stride: 2 } } layer { name: 'bn' type: 'BatchNorm' bottom: 'c' top: 'c' } layer { name: 'r' type: 'ReLU' "
      "bottom: 'c' top: 'c' } layer { name: 'p' type: 'Pooling' bottom: 'c' top: 'p' pooling_param { pool: AVE "
      "global_pooling: true } } layer { name: 'ps' type: 'Split' bottom: 'p' top: 'p0' top: 'p1' }",
      trained("'Data'"));
  EXPECT_EQ(stored(model), stored(deployed));
  EXPECT_EQ(model.resolve("p1"), "p");
  const std::string notes = fmt::format("{}", fmt::join(model.notes, "\n"));
  for (const char* word : {"as it was trained", "SoftmaxWithLoss 'loss'", "Accuracy 'acc'", "use_global_stats"})
    EXPECT_NE(notes.find(word), std::string::npos) << notes;
}

TEST_F(CaffeForms, TheSizeOfWeightsAloneIsAskedFor) {
  EXPECT_TRUE(refused_alone(trained("'Data' data_param { source: 'x' }"), {"w.caffemodel", "--size", "--topology"}));
  const Model given = files_.read_alone(trained("'Data'"), {.height = 11, .width = 11, .until = ""});
  EXPECT_EQ(given.height, 11);
  EXPECT_EQ(given.channels, 3);
  const Model cropped = files_.read_alone(trained("'Data' transform_param { crop_size: 13 mean_value: 10 }"));
  EXPECT_EQ(cropped.width, 13);
  EXPECT_EQ(cropped.preprocessing.mean, (std::vector<float>{10, 10, 10}));
  EXPECT_TRUE(refused_alone(trained("'Data' data_param { scale: 2 }"), {"'data'", "expected transform_param"}));
}

TEST_F(CaffeForms, WeightsAloneAreRefusedWhereTheyDoNotTell) {
  EXPECT_TRUE(refused_alone(kWeightsV2, {"w.caffemodel", "no input", "--topology"}));
  EXPECT_TRUE(refused_alone(trained("'Data' transform_param { crop_size: 9 }",
                                    "layer { name: 'x' type: 'ReLU' bottom: 'c' top: 'c' include { phase: TRAIN } }"),
                            {"'x'", "for training alone"}));
  EXPECT_TRUE(refused_alone(
      trained("'Data' transform_param { crop_size: 9 }",
              "layer { name: 'x' type: 'Pooling' bottom: 'c' top: 'x' pooling_param { kernel_size: 2 round_mode: "
              "FLOOR } }"),
      {"'x'", "round_mode", "ceil_mode"}));
  // A field of another Caffe, by its number.
  caffe::NetParameter network;
  google::protobuf::TextFormat::ParseFromString(trained("'Data' transform_param { crop_size: 9 }"), &network);
  auto& window = *network.mutable_layer(1)->mutable_convolution_param();
  window.mutable_unknown_fields()->AddVarint(7, 1);  // weight_filler: harmless
  const std::string path = files_.folder().write("x.caffemodel", network.SerializeAsString());
  EXPECT_NO_THROW(load_model(path));
  window.mutable_unknown_fields()->AddVarint(19, 1);
  (void)files_.folder().write("x.caffemodel", network.SerializeAsString());
  EXPECT_TRUE(refuses([&] { load_model(path); }, {"'c'", "convolution_param: field 19"}));
}

TEST_F(CaffeForms, StagesAreThoseThatTheFileSets) {
  const std::string layers = kV2 +
                             "layer { name: 'deep' type: 'ReLU' bottom: 'n' top: 'deep' include { stage: 'a' } }"
                             "layer { name: 'flat' type: 'TanH' bottom: 'n' top: 'flat' include { not_stage: 'a' } }";
  const Model plain = files_.read(kFields + layers, kWeightsV2);
  EXPECT_NE(plain.find("flat"), nullptr);
  EXPECT_EQ(plain.find("deep"), nullptr);
  const Model staged = files_.read(kFields + "state { stage: 'a' level: 3 phase: TRAIN } " + layers, kWeightsV2);
  EXPECT_EQ(staged.find("flat"), nullptr);
  EXPECT_NE(staged.find("deep"), nullptr);
}

TEST_F(CaffeForms, APhaseOfALayerIsHowItComputes) {
  EXPECT_EQ(files_.read(kFields + "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'r' phase: TRAIN }", kWeightsV2)
                .layers.size(),
            1U);
  EXPECT_TRUE(refused(kFields + "layer { name: 'd' type: 'Dropout' bottom: 'data' top: 'd' phase: TRAIN }", kWeightsV2,
                      {"'d'", "as in training"}));
}

// A detector's end is not supported, and says so with what can be used.
TEST_F(CaffeForms, DetectorsAreReadUntilTheirEnd) {
  const std::string end =
      "layer { name: 'norm' type: 'Normalize' bottom: 'n' top: 'norm' norm_param { across_spatial: false scale_filler "
      "{ "
      "type: 'constant' value: 20 } } }"
      "layer { name: 'perm' type: 'Permute' bottom: 'norm' top: 'perm' permute_param { order: 0 order: 2 } }"
      "layer { name: 'prior' type: 'PriorBox' bottom: 'n' bottom: 'data' top: 'prior' prior_box_param { min_size: 30.0 "
      "aspect_ratio: 2 clip: false } }"
      "layer { name: 'out' type: 'DetectionOutput' bottom: 'perm' bottom: 'prior' top: 'out' }";
  for (const char* type : {"Crop", "Reduction", "Permute", "MVN", "ArgMax", "AbsVal", "ReLU6", "Python"}) {
    const std::string layer =
        fmt::format("layer {{ name: 'z' type: '{}' bottom: 'n' top: 'z' {}_param {{ x: 1 }} }}", type, "some");
    EXPECT_TRUE(refused(kFields + kV2 + layer, kWeightsV2, {"'z'", type, "not supported", "--until"})) << type;
  }
  EXPECT_TRUE(refused(kFields + kV2 + end, kWeightsV2, {"'norm'", "Normalize", "not supported", "--until"}));
  files_.write_weights(kWeightsV2);
  const std::string topology = files_.folder().write("ssd.prototxt", kFields + kV2 + end);
  const Model until =
      read_caffe(files_.folder().file("w.caffemodel"), topology, {.height = 0, .width = 0, .until = "n"});
  EXPECT_EQ(until.layers.back().name, "n");
  const Model in_place =
      read_caffe(files_.folder().file("w.caffemodel"), topology, {.height = 0, .width = 0, .until = "c"});
  EXPECT_EQ(in_place.layers.back().name, "c") << "the value behind the ReLU, not the convolution";
}

// ---- what is done to images

std::string mean_image(const std::string& shape, const std::vector<float>& numbers) {
  caffe::BlobProto blob;
  google::protobuf::TextFormat::ParseFromString(shape, &blob);
  for (const float number : numbers) blob.add_data(number);
  return blob.SerializeAsString();
}

TEST_F(CaffeForms, AMeanImageIsReducedToAMeanOfEachChannel) {
  const std::string image = mean_image("num: 1 channels: 3 height: 1 width: 2", {100, 102, 110, 112, 120, 122.5});
  const std::string input =
      "layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 3 dim: 12 dim: 12 } } "
      "transform_param { scale: 0.5 mean_file: 'data/ilsvrc12/mean.binaryproto' } }";
  EXPECT_TRUE(refused(input + kV2, kWeightsV2, {"'data'", "mean_file", "not beside it", "mean.binaryproto"}));
  (void)files_.folder().write("mean.binaryproto", image);
  const Model model = files_.read(input + kV2, kWeightsV2);
  EXPECT_EQ(model.preprocessing, (Preprocessing{{127.5, 127.5, 127.5}, {50.5, 55.5, 60.625}, {2, 1, 0}}));
  EXPECT_NE(model.preprocessing_source.find("transform_param, with mean.binaryproto averaged over 1x2"),
            std::string::npos)
      << model.preprocessing_source;
  (void)files_.folder().write("mean.binaryproto", mean_image("channels: 1 height: 1 width: 2 num: 1", {1, 2}));
  EXPECT_TRUE(refused(input + kV2, kWeightsV2, {"mean.binaryproto", "1 channels", "reads 3"}));
  (void)files_.folder().write("mean.binaryproto", mean_image("num: 1 channels: 3 height: 9 width: 9", {1, 2}));
  EXPECT_TRUE(refused(input + kV2, kWeightsV2, {"mean.binaryproto", "2 numbers", "[1, 3, 9, 9]"}));
  (void)files_.folder().write("mean.binaryproto", "no message");
  EXPECT_TRUE(refused(input + kV2, kWeightsV2, {"mean.binaryproto", "not a mean image"}));
}

TEST_F(CaffeForms, AMeanImageMayBeGiven) {
  const std::string path = files_.folder().write(
      "mean.binaryproto", mean_image("shape { dim: 3 dim: 1 dim: 2 }", {100, 102, 110, 112, 120, 122}));
  Model assumed = files_.read(kFields + kV2, kWeightsV2);
  set_preprocessing(assumed, path);
  EXPECT_EQ(assumed.preprocessing, (Preprocessing{{255, 255, 255}, {101, 111, 121}, {2, 1, 0}}));
  EXPECT_NE(assumed.preprocessing_source.find("averaged over 1x2"), std::string::npos);
  Model scaled = files_.read(
      "layer { name: 'data' type: 'Input' top: 'data' input_param { shape { dim: 1 dim: 3 dim: 12 dim: 12 } } "
      "transform_param { scale: 0.5 } }" +
          kV2,
      kWeightsV2);
  set_preprocessing(scaled, path);
  EXPECT_EQ(scaled.preprocessing, (Preprocessing{{127.5, 127.5, 127.5}, {50.5, 55.5, 60.5}, {2, 1, 0}}))
      << "the scale that the topology says stays";
}

}  // namespace
}  // namespace caffe_forms_test
}  // namespace phosphene::testing
