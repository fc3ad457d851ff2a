// What timm and others call networks that stand here under another name.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

#include "loaders/architectures/architecture.h"
#include "loaders/json_reader.h"
#include "loaders/preprocessing_config.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// "004": 400 million multiplications, torchvision's "400mf"; "032": "3_2gf".
std::string flops_called(const std::string& hundreds_of_millions) {
  const int number = std::stoi(hundreds_of_millions);
  if (number < 10) return fmt::format("{}00mf", number);
  return number % 10 == 0 ? fmt::format("{}gf", number / 10) : fmt::format("{}_{}gf", number / 10, number % 10);
}

}  // namespace

std::string architecture_called(const std::string& name) {
  std::string called = name.substr(0, name.find('.'));  // what follows is the weights': "a1_in1k"
  std::transform(called.begin(), called.end(), called.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::regex trained("^(tv|ssl|swsl|ig|gluon)_"), of_gluon("^(resnet[0-9]+)_v1([bcds])$"),
      regnet("^regnet([xy])_([0-9]{3,4})$"), pruned("^efficientnet_([be][0-9a-z]+)_pruned$");
  called = std::regex_replace(called, trained, "");
  std::smatch match;
  if (std::regex_match(called, match, of_gluon)) return match.str(1) + (match.str(2) == "b" ? "" : match.str(2));
  if (std::regex_match(called, match, regnet))
    return fmt::format("regnet_{}_{}", match.str(1), flops_called(match.str(2)));
  if (std::regex_match(called, match, pruned))  // the large ones were TensorFlow's
    return fmt::format("{}efficientnet_{}", match.str(1).starts_with("b") ? "tf_" : "", match.str(1));
  if (called == "tf_inception_v3" || called == "adv_inception_v3")
    return "inception_v3";  // its paddings show nowhere else
  return called;
}

std::string architecture_beside(const std::string& weights_path) {
  const std::string path = (std::filesystem::path(weights_path).parent_path() / "config.json").string();
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(path, unknown)) return "";
  try {
    const Json json = read_json(path);
    const JsonReader reader(json, path);
    if (kind_of(reader) != ConfigKind::timm || !reader.has("architecture")) return "";
    return reader.at("architecture").string();
  } catch (const Error&) {
    return "";  // nobody named this file
  }
}

}  // namespace phosphene
