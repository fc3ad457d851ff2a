#include "experiment/analysis/adversarial.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiment/analysis/classification.h"
#include "experiment/objective/objective.h"
#include "experiment/objective/term_list.h"
#include "experiment/pages/figures_page.h"
#include "experiment/pages/page.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "layers/network/softmax.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "loaders/model/model_graph.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/program.h"

namespace phosphene {
namespace {

constexpr size_t kTop = 5;

// Probabilities of all classes, and the gradient of one of them.
class Classifier {
 public:
  Classifier(const Model& model, Backend& backend, int64_t target) : model_(model), states_(backend) {
    const Json terms = Json::array({{{"probability", {{"index", target}}}}});
    objective_ = read_objective(JsonReader(terms, "adversarial"), 1);
    Graph graph;
    const ValueId input = graph.state(Model::kInput, {{1, 3, model.height, model.width}});
    ModelGraph network(model, graph, input);
    const ObjectivePart objective(graph, network, model, objective_, {}, {1, 3, model.height, model.width});
    probabilities_ = graph.append(std::make_shared<Softmax>(), {network.value(model.logits())}, "probabilities");
    gradient_ = differentiate(graph, std::vector<ValueId>{input}).front();
    program_ =
        std::make_unique<Program>(std::move(graph), std::vector<ValueId>{probabilities_, gradient_}, backend, states_);
    objective.write(states_, {{&objective_}});
  }

  std::vector<float> probabilities(const Photo& photo) {
    states_.write(Model::kInput, prepare_input(model_.preprocessing, resize_whole(photo, model_.height, model_.width)));
    program_->run();
    return program_->read(probabilities_);
  }

  // Of the photograph that was classified last, -1, 0 or 1 for each of its bytes. A logarithm changes no sign, nor do the scales of
  // the preprocessing, which are above 0.
  [[nodiscard]] std::vector<int> signs() const {
    const std::vector<float> gradient =
        program_->read(gradient_);  // pixel by pixel, in the network's order of channels
    std::vector<int> signs(gradient.size());
    for (size_t i = 0; i < gradient.size(); ++i) {
      const size_t colour = i - i % 3 + static_cast<size_t>(model_.preprocessing.order[i % 3]);
      signs[colour] = static_cast<int>(gradient[i] > 0) - static_cast<int>(gradient[i] < 0);
    }
    return signs;
  }

 private:
  const Model& model_;
  States states_;
  Objective objective_;
  ValueId probabilities_ = kNoValue, gradient_ = kNoValue;
  std::unique_ptr<Program> program_;
};

void check_classes(const Model& model) {
  (void)model.logits();  // throws where there is no classifier
  require_photographs(model, model.name);
  for (const float scale : model.preprocessing.scale)
    if (!(scale > 0)) fail(model.name, "expected a preprocessing scale above 0, got {}", scale);
}

// By index where it is a number, as in `render --class`, or else by label.
int64_t target_of(const Model& model, const std::string& target) {
  int64_t index = 0;
  const char* const last = target.data() + target.size();
  const auto [end, error] = std::from_chars(target.data(), last, index);
  const bool is_number = !target.empty() && target.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return model.class_index(target);
  const int64_t classes = model.channel_counts().at(model.logits());
  if (error != std::errc{} || end != last || index >= classes)
    fail("", "class {} does not exist: {} has {}, 0 to {}", target, model.name, classes, classes - 1);
  return index;
}

// `photo` moved by 1 along `signs`, within `most` of `origin` and within a byte.
void step(Photo& photo, const Photo& origin, const std::vector<int>& signs, int most) {
  for (size_t i = 0; i < photo.rgb.size(); ++i) {
    const int at = origin.rgb[i];
    const int moved = std::clamp(photo.rgb[i] + signs[i], at - most, at + most);
    photo.rgb[i] = static_cast<uint8_t>(std::clamp(moved, 0, 255));
  }
}

// What was added, so often that the largest change reaches black or white; grey is none.
int amplification(const AdversarialExample& example) { return 127 / std::max(1, example.largest_change()); }

void write_difference(const std::string& path, const AdversarialExample& example) {
  const Photo& photo = example.photo;
  const auto pixels = static_cast<size_t>(photo.height * photo.width);
  std::vector<float> planar(pixels * 3);
  const int times = amplification(example);  // looks at every byte
  for (size_t i = 0; i < photo.rgb.size(); ++i) {
    const int change = example.adversarial.rgb[i] - photo.rgb[i];
    planar[i % 3 * pixels + i / 3] = static_cast<float>(128 + times * change) / 255.F;
  }
  write_png(path, planar.data(), 3, photo.height, photo.width);
}

// To planar floats and back to bytes is exact: 255 (b / 255) is within an ulp of b.
void write_photo(const std::string& path, const Photo& photo) {
  const HostTensor planar = resize_whole(photo, photo.height, photo.width);
  write_png(path, planar.data.data(), 3, photo.height, photo.width);
}

Json top_classes(const Model& model, const std::vector<float>& probabilities) {
  Json classes = Json::array();
  for (const size_t index : ranking(probabilities, kTop))
    classes.push_back({{"class", index}, {"label", label_of(model, index)}, {"probability", probabilities[index]}});
  return classes;
}

std::string words(const Json& classes) {
  std::string lines;
  for (const Json& one : classes) {
    lines += fmt::format("{}{:.2f} % {}", lines.empty() ? "" : "\n", 100 * one.at("probability").get<double>(),
                         one.at("label").get<std::string>());
  }
  return lines;
}

std::string page_of(const Json& record) {
  const auto target = record.at("target").get<std::string>();
  const Json figures = {
      {{"picture", "photo.png"}, {"title", "The photograph"}, {"caption", words(record.at("before"))}},
      {{"picture", "adversarial.png"}, {"title", "Changed"}, {"caption", words(record.at("after"))}},
      {{"picture", "difference.png"},
       {"title", fmt::format("The change, {} times", record.at("amplification").get<int>())},
       {"caption", fmt::format("at most {} of 255, after {} steps", record.at("largest_change").get<int>(),
                               record.at("steps").get<int64_t>())}}};
  const Json page = {
      {"title", fmt::format("An adversarial example: {}", target)},
      {"note", "What the network takes each picture for. The numbers are those of the files beside this page."},
      {"figures", figures}};
  return page_with(kFiguresPage, page);
}

}  // namespace

int AdversarialExample::largest_change() const {
  int largest = 0;
  for (size_t i = 0; i < photo.rgb.size(); ++i)
    largest = std::max(largest, std::abs(adversarial.rgb[i] - photo.rgb[i]));
  return largest;
}

bool AdversarialExample::succeeded() const { return ranking(after, 1).front() == static_cast<size_t>(target); }

AdversarialExample make_adversarial(const Model& model, Backend& backend, const Photo& photo,
                                    const AdversarialOptions& options) {
  check_classes(model);
  AdversarialExample example;
  example.target = at_place("--to", [&] { return target_of(model, options.target); });
  const auto target = static_cast<size_t>(example.target);
  example.photo = to_photo(resize_whole(photo, model.height, model.width));
  example.adversarial = example.photo;
  Classifier classifier(model, backend, example.target);
  example.before = example.after = classifier.probabilities(example.photo);
  if (example.succeeded())
    fail("--to", "the network already classifies the photograph as '{}'", label_of(model, target));
  while (example.steps < options.steps && static_cast<double>(example.after[target]) < options.until) {
    step(example.adversarial, example.photo, classifier.signs(), options.most);
    example.after = classifier.probabilities(example.adversarial);
    ++example.steps;
    options.after_step(example.steps, static_cast<double>(example.after[target]));
  }
  return example;
}

AdversarialExample write_adversarial(const std::string& folder, const Model& model, Backend& backend,
                                     const AdversarialExample& example) {
  make_folder(folder);
  write_photo(folder + "/photo.png", example.photo);
  write_photo(folder + "/adversarial.png", example.adversarial);
  AdversarialExample written = example;
  written.photo = read_photo(folder + "/photo.png");
  written.adversarial = read_photo(folder + "/adversarial.png");
  Classifier classifier(model, backend, example.target);
  written.before = classifier.probabilities(written.photo);
  written.after = classifier.probabilities(written.adversarial);
  write_difference(folder + "/difference.png", written);
  const Json record = {{"model", model.name},
                       {"target", label_of(model, static_cast<size_t>(written.target))},
                       {"succeeded", written.succeeded()},
                       {"steps", written.steps},
                       {"largest_change", written.largest_change()},
                       {"amplification", amplification(written)},
                       {"before", top_classes(model, written.before)},
                       {"after", top_classes(model, written.after)}};
  write_file(folder + "/adversarial.json", json_text(record, 2) + "\n");
  write_file(folder + "/adversarial.html", page_of(record));
  return written;
}

}  // namespace phosphene
