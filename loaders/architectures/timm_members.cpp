// Which blocks each network has. Sources: the papers of each, and timm's block lists and default configurations (Apache License 2.0),
// https://github.com/huggingface/pytorch-image-models, timm/models/efficientnet.py and mobilenetv3.py, version 1.0.31, whose networks
// were built and their strides, epsilons, paddings, activations and shapes read off.
#include "loaders/architectures/timm_efficientnet.h"

namespace phosphene::architectures::timm_efficientnet {
namespace {

// "ds3s1+": depthwise blocks of 3x3 windows, stride 1, with a gate. r: ReLU; n: never a skip; a: activated at the end too.
Stage stage_of(const std::string& text) {
  const std::string type = text.substr(0, 2);
  Stage stage;
  stage.type = type == "ds"   ? BlockType::depthwise
               : type == "ir" ? BlockType::inverted
               : type == "er" ? BlockType::fused
                              : BlockType::plain;
  stage.size = text.at(2) - '0';
  stage.stride = text.at(4) - '0';
  const auto has = [&](char mark) { return text.find(mark, 5) != std::string::npos; };
  stage.gate = has('+');
  stage.relu = has('r');
  stage.no_skip = has('n');
  stage.activated = has('a');
  return stage;
}

std::vector<Stage> stages_of(const std::vector<std::string>& texts) {
  std::vector<Stage> stages;
  for (const std::string& text : texts) stages.push_back(stage_of(text));
  return stages;
}

}  // namespace

double epsilon_of(const std::string& member) {
  return member.starts_with("tf_") || member == "mobilenetv3_rw" ? 1e-3 : 1e-5;
}

bool pads_as_tensorflow(const std::string& member) { return member.starts_with("tf_"); }

std::span<const Kind> kinds() {
  static const std::vector<Kind> all = {
      {stages_of({"ds3s1+", "ir3s2+", "ir5s2+", "ir3s2+", "ir5s1+", "ir5s2+", "ir3s1+"}),
       "Swish",
       "",
       "Sigmoid",
       Head::norm,
       {"efficientnet", "tf_efficientnet"},
       {{"efficientnet_b0", 224, false, 32, 320, {1, 2, 2, 3, 3, 4, 1}},
        {"efficientnet_b1", 240, true, 32, 320, {2, 3, 3, 4, 4, 5, 2}},
        {"efficientnet_b2", 256, false, 32, 352, {2, 3, 3, 4, 4, 5, 2}},
        {"efficientnet_b3", 288, false, 40, 384, {2, 3, 3, 5, 5, 6, 2}},
        {"efficientnet_b4", 320, false, 48, 448, {2, 4, 4, 6, 6, 8, 2}},
        {"efficientnet_b5", 448, false, 48, 512, {3, 5, 5, 7, 7, 9, 3}},
        {"efficientnet_b6", 528, false, 56, 576, {3, 6, 6, 8, 8, 11, 3}},
        {"efficientnet_b7", 600, false, 64, 640, {4, 7, 7, 10, 10, 13, 4}},
        {"efficientnet_b8", 672, false, 72, 704, {4, 8, 8, 11, 11, 15, 4}},
        {"efficientnet_l2", 800, false, 136, 1376, {6, 11, 11, 16, 16, 22, 6}},
        {"tf_efficientnet_b0", 224, false, 32, 320, {1, 2, 2, 3, 3, 4, 1}},
        {"tf_efficientnet_b1", 240, false, 32, 320, {2, 3, 3, 4, 4, 5, 2}},
        {"tf_efficientnet_b2", 260, false, 32, 352, {2, 3, 3, 4, 4, 5, 2}},
        {"tf_efficientnet_b3", 300, false, 40, 384, {2, 3, 3, 5, 5, 6, 2}},
        {"tf_efficientnet_b4", 380, false, 48, 448, {2, 4, 4, 6, 6, 8, 2}},
        {"tf_efficientnet_b5", 456, false, 48, 512, {3, 5, 5, 7, 7, 9, 3}},
        {"tf_efficientnet_b6", 528, false, 56, 576, {3, 6, 6, 8, 8, 11, 3}},
        {"tf_efficientnet_b7", 600, false, 64, 640, {4, 7, 7, 10, 10, 13, 4}},
        {"tf_efficientnet_b8", 672, true, 72, 704, {4, 8, 8, 11, 11, 15, 4}},
        {"tf_efficientnet_l2", 475, false, 136, 1376, {6, 11, 11, 16, 16, 22, 6}},
        {"tinynet_a", 192, false, 32, 320, {1, 2, 2, 4, 4, 5, 1}},
        {"tinynet_b", 188, false, 32, 240, {1, 2, 2, 3, 3, 4, 1}},
        {"tinynet_c", 184, false, 32, 176, {1, 2, 2, 3, 3, 3, 1}},
        {"tinynet_d", 152, false, 32, 176, {1, 1, 1, 2, 2, 3, 1}},
        {"tinynet_e", 106, false, 32, 160, {1, 1, 1, 2, 2, 2, 1}}}},
      {stages_of({"ds3s1", "ir3s2", "ir5s2", "ir3s2", "ir5s1", "ir5s2", "ir3s1"}),
       "",
       "",
       "Sigmoid",
       Head::norm,
       {"efficientnet_lite", "tf_efficientnet_lite"},
       {{"efficientnet_lite0", 224, false, 32, 320, {1, 2, 2, 3, 3, 4, 1}},
        {"efficientnet_lite1", 240, false, 32, 320, {1, 3, 3, 4, 4, 5, 1}},
        {"efficientnet_lite2", 260, false, 32, 352, {1, 3, 3, 4, 4, 5, 1}},
        {"efficientnet_lite3", 300, false, 32, 384, {1, 3, 3, 5, 5, 6, 1}},
        {"efficientnet_lite4", 380, false, 32, 448, {1, 4, 4, 6, 6, 8, 1}},
        {"tf_efficientnet_lite0", 224, true, 32, 320, {1, 2, 2, 3, 3, 4, 1}},
        {"tf_efficientnet_lite1", 240, true, 32, 320, {1, 3, 3, 4, 4, 5, 1}},
        {"tf_efficientnet_lite2", 260, true, 32, 352, {1, 3, 3, 4, 4, 5, 1}},
        {"tf_efficientnet_lite3", 300, true, 32, 384, {1, 3, 3, 5, 5, 6, 1}},
        {"tf_efficientnet_lite4", 380, true, 32, 448, {1, 4, 4, 6, 6, 8, 1}}}},
      {stages_of({"ds3s1", "ir3s2", "ir3s2", "ir3s2", "ir3s1", "ir3s2", "ir3s1"}),
       "",
       "",
       "Sigmoid",
       Head::norm,
       {"mobilenetv2"},
       {{"mobilenetv2_035", 224, false, 16, 112, {1, 2, 3, 4, 3, 3, 1}},
        {"mobilenetv2_050", 224, false, 16, 160, {1, 2, 3, 4, 3, 3, 1}},
        {"mobilenetv2_075", 224, false, 24, 240, {1, 2, 3, 4, 3, 3, 1}},
        {"mobilenetv2_100", 224, false, 32, 320, {1, 2, 3, 4, 3, 3, 1}},
        {"mobilenetv2_110d", 224, false, 32, 352, {1, 3, 4, 5, 4, 4, 1}},
        {"mobilenetv2_120d", 224, false, 32, 384, {1, 3, 5, 6, 5, 5, 1}},
        {"mobilenetv2_140", 224, false, 48, 448, {1, 2, 3, 4, 3, 3, 1}}}},
      {stages_of({"ds3s1n", "ir3s2", "ir5s2", "ir5s2", "ir3s1", "ir5s2", "ir3s1n"}),
       "Relu",
       "",
       "Sigmoid",
       Head::norm,
       {"mnasnet"},
       {{"mnasnet_050", 224, false, 16, 160, {1, 3, 3, 3, 2, 4, 1}},
        {"mnasnet_075", 224, false, 24, 240, {1, 3, 3, 3, 2, 4, 1}},
        {"mnasnet_100", 224, false, 32, 320, {1, 3, 3, 3, 2, 4, 1}},
        {"mnasnet_140", 224, false, 48, 448, {1, 3, 3, 3, 2, 4, 1}}}},
      {stages_of({"ds3s1n", "ir3s2", "ir5s2+", "ir3s2", "ir3s1+", "ir5s2+", "ir3s1"}),
       "Relu",
       "",
       "Sigmoid",
       Head::norm,
       {"semnasnet"},
       {{"semnasnet_050", 224, false, 16, 160, {1, 2, 3, 4, 2, 3, 1}},
        {"semnasnet_075", 224, false, 24, 240, {1, 2, 3, 4, 2, 3, 1}},
        {"semnasnet_100", 224, false, 32, 320, {1, 2, 3, 4, 2, 3, 1}},
        {"semnasnet_140", 224, false, 48, 448, {1, 2, 3, 4, 2, 3, 1}}}},
      {stages_of({"ds3s1", "ir3s2", "ir3s2", "ir5s2+", "ir3s1+", "ir5s2+", "ir3s1"}),
       "Relu",
       "",
       "Sigmoid",
       Head::norm,
       {},
       {{"mnasnet_small", 224, false, 8, 144, {1, 1, 2, 4, 3, 3, 1}}}},
      {stages_of({"ds3s1r", "ir3s2r", "ir5s2+r", "ir3s2", "ir3s1+", "ir5s2+", "cn1s1n"}),
       "HardSwish",
       "Relu",
       "HardSigmoid",
       Head::mobilenet3,
       {"mobilenetv3_large", "tf_mobilenetv3_large"},
       {{"mobilenetv3_large_075", 224, false, 16, 720, {1, 2, 3, 4, 2, 3, 1}},
        {"mobilenetv3_large_100", 224, false, 16, 960, {1, 2, 3, 4, 2, 3, 1}},
        {"mobilenetv3_large_150d", 256, true, 24, 1440, {2, 3, 4, 5, 3, 4, 2}},
        {"mobilenetv3_rw", 224, false, 16, 960, {1, 2, 3, 4, 2, 3, 1}},
        {"tf_mobilenetv3_large_075", 224, true, 16, 720, {1, 2, 3, 4, 2, 3, 1}},
        {"tf_mobilenetv3_large_100", 224, true, 16, 960, {1, 2, 3, 4, 2, 3, 1}}}},
      {stages_of({"ds3s2+r", "ir3s2r", "ir5s2+", "ir5s1+", "ir5s2+", "cn1s1n"}),
       "HardSwish",
       "Relu",
       "HardSigmoid",
       Head::mobilenet3,
       {"mobilenetv3_small", "tf_mobilenetv3_small"},
       {{"mobilenetv3_small_050", 224, false, 16, 288, {1, 2, 3, 2, 3, 1}},
        {"mobilenetv3_small_075", 224, false, 16, 432, {1, 2, 3, 2, 3, 1}},
        {"mobilenetv3_small_100", 224, false, 16, 576, {1, 2, 3, 2, 3, 1}},
        {"tf_mobilenetv3_small_075", 224, true, 16, 432, {1, 2, 3, 2, 3, 1}},
        {"tf_mobilenetv3_small_100", 224, true, 16, 576, {1, 2, 3, 2, 3, 1}}}},
      {stages_of({"ds3s1", "ir3s2", "ir3s2", "ir3s2", "ir3s1", "ir3s2", "cn1s1n"}),
       "Relu",
       "",
       "Sigmoid",
       Head::mobilenet3,
       {},
       {{"tf_mobilenetv3_large_minimal_100", 224, true, 16, 960, {1, 2, 3, 4, 2, 3, 1}}}},
      {stages_of({"ds3s2", "ir3s2", "ir3s2", "ir3s1", "ir3s2", "cn1s1n"}),
       "Relu",
       "",
       "Sigmoid",
       Head::mobilenet3,
       {},
       {{"tf_mobilenetv3_small_minimal_100", 224, true, 16, 576, {1, 2, 3, 2, 3, 1}}}},
      {stages_of({"cn3s1", "er3s2", "er3s2", "ir3s2+", "ir3s1+", "ir3s2+"}),
       "Swish",
       "",
       "Sigmoid",
       Head::norm,
       {"efficientnetv2", "tf_efficientnetv2"},
       {{"efficientnetv2_rw_t", 224, false, 24, 208, {2, 4, 4, 6, 9, 14}},
        {"efficientnetv2_s", 288, false, 24, 256, {2, 4, 4, 6, 9, 15}},
        {"tf_efficientnetv2_b0", 192, false, 32, 192, {1, 2, 2, 3, 5, 8}},
        {"tf_efficientnetv2_b1", 192, false, 32, 192, {2, 3, 3, 4, 6, 9}},
        {"tf_efficientnetv2_b2", 208, false, 32, 208, {2, 3, 3, 4, 6, 10}},
        {"tf_efficientnetv2_b3", 240, true, 40, 232, {2, 3, 3, 5, 7, 12}},
        {"tf_efficientnetv2_s", 300, true, 24, 256, {2, 4, 4, 6, 9, 15}}}},
      {stages_of({"cn3s1", "er3s2", "er3s2", "ir3s2+", "ir3s1+", "ir3s2+", "ir3s1+"}),
       "Swish",
       "",
       "Sigmoid",
       Head::norm,
       {"efficientnetv2", "tf_efficientnetv2"},
       {{"efficientnetv2_l", 384, false, 32, 640, {4, 7, 7, 10, 19, 25, 7}},
        {"efficientnetv2_m", 320, false, 24, 512, {3, 5, 5, 7, 14, 18, 5}},
        {"efficientnetv2_xl", 384, false, 32, 640, {4, 8, 8, 16, 24, 32, 8}},
        {"tf_efficientnetv2_l", 384, true, 32, 640, {4, 7, 7, 10, 19, 25, 7}},
        {"tf_efficientnetv2_m", 384, true, 24, 512, {3, 5, 5, 7, 14, 18, 5}},
        {"tf_efficientnetv2_xl", 384, true, 32, 640, {4, 8, 8, 16, 24, 32, 8}}}},
      {stages_of({"er3s1", "er3s2", "er3s2", "ir3s2+", "ir3s1+", "ir3s2+"}),
       "Swish",
       "",
       "Sigmoid",
       Head::norm,
       {},
       {{"efficientnetv2_rw_m", 320, false, 32, 328, {3, 5, 5, 8, 15, 24}},
        {"efficientnetv2_rw_s", 288, false, 24, 272, {2, 4, 4, 6, 9, 15}}}},
      {stages_of({"er3s1n", "er3s2", "er3s2", "ir5s2", "ir5s1", "ir5s2"}),
       "Relu",
       "",
       "Sigmoid",
       Head::norm,
       {},
       {{"efficientnet_el", 300, false, 40, 232, {2, 3, 6, 7, 6, 3}},
        {"efficientnet_em", 240, false, 32, 192, {2, 3, 5, 6, 5, 3}},
        {"efficientnet_es", 224, false, 32, 192, {1, 2, 4, 5, 4, 2}},
        {"tf_efficientnet_el", 300, true, 40, 232, {2, 3, 6, 7, 6, 3}},
        {"tf_efficientnet_em", 240, true, 32, 192, {2, 3, 5, 6, 5, 3}},
        {"tf_efficientnet_es", 224, true, 32, 192, {1, 2, 4, 5, 4, 2}}}},
      {stages_of({"ds3s1na", "ds3s2na", "ds3s2na", "ds3s2na", "ds3s2na"}),
       "",
       "",
       "Sigmoid",
       Head::norm,
       {"mobilenetv1"},
       {{"mobilenetv1_100", 224, true, 32, 1024, {1, 2, 2, 6, 2}},
        {"mobilenetv1_100h", 224, true, 32, 1024, {1, 2, 2, 6, 2}},
        {"mobilenetv1_125", 224, true, 40, 1280, {1, 2, 2, 6, 2}}}},
  };
  return all;
}

}  // namespace phosphene::architectures::timm_efficientnet
