#include "experiment/analysis/gradient_maps.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/objective/objective.h"
#include "experiment/objective/term_list.h"
#include "experiment/pages/figures_page.h"
#include "experiment/pages/page.h"
#include "experiment/pages/spectrum_chart.h"
#include "experiment/photos/photo_file.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "loaders/model/model_graph.h"
#include "runtime/differentiate.h"
#include "runtime/error.h"
#include "runtime/file_names.h"
#include "runtime/files.h"
#include "runtime/program.h"

namespace phosphene {
namespace {

// The gradient with respect to the image's colours, but for a common factor, in the order of the network's channels.
std::vector<float> of_colours(const GradientMap& input, const Preprocessing& preprocessing) {
  std::vector<float> gradient = input.gradient.data;
  float largest = 0;
  for (const float scale : preprocessing.scale) largest = std::max(largest, std::abs(scale));
  const size_t pixels = gradient.size() / preprocessing.scale.size();
  for (size_t i = 0; i < gradient.size() && largest > 0; ++i) gradient[i] *= preprocessing.scale[i / pixels] / largest;
  return gradient;
}

// The colours' gradient as a planar RGB picture: grey is 0, and three times its root mean square black or white.
std::vector<float> in_colour(const GradientMap& input, const Preprocessing& preprocessing) {
  const std::vector<float> gradient = of_colours(input, preprocessing);
  double squares = 0;
  for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
  const double rms = std::sqrt(squares / static_cast<double>(gradient.size()));
  const auto scale = static_cast<float>(rms > 0 ? 1 / (6 * rms) : 0);
  const size_t pixels = gradient.size() / preprocessing.order.size();
  std::vector<float> picture(gradient.size());
  for (size_t channel = 0; channel < preprocessing.order.size(); ++channel) {
    const size_t colour = static_cast<size_t>(preprocessing.order[channel]) * pixels;
    for (size_t i = 0; i < pixels; ++i) picture[colour + i] = 0.5F + scale * gradient[channel * pixels + i];
  }
  return picture;
}

// Scaled so that one in two hundred is white: a few far larger ones would leave the rest black.
void write_magnitude(const std::string& path, std::vector<float> magnitude, const Shape& shape) {
  std::vector<float> sorted = magnitude;
  const auto white = sorted.begin() + (std::ssize(sorted) - 1) * 199 / 200;
  std::nth_element(sorted.begin(), white, sorted.end());
  if (*white > 0)
    for (float& m : magnitude) m /= *white;
  write_png(path, magnitude.data(), 1, shape.h, shape.w);
}

Json checkerboard_of(const GradientMap& map) {
  const CheckerboardShare checkerboard = checkerboard_share(map.magnitude(), map.shape().h, map.shape().w);
  return {{"share", checkerboard.share}, {"even", checkerboard.even}};
}

Json figure(const std::string& picture, const std::string& title, const std::string& caption) {
  return {{"picture", picture}, {"title", title}, {"caption", caption}};
}

std::string checkerboard_words(const Json& checkerboard) {
  return fmt::format("{:.1f} % of its power at period two ({:.1f} % if it were spread evenly)",
                     100 * checkerboard.at("share").get<double>(), 100 * checkerboard.at("even").get<double>());
}

}  // namespace

Shape GradientMap::shape() const {
  return {gradient.dims.at(0), gradient.dims.at(1), gradient.dims.at(2), gradient.dims.at(3)};
}

std::vector<float> GradientMap::magnitude() const {
  const auto pixels = static_cast<size_t>(shape().h * shape().w);
  std::vector<float> sum(pixels, 0);
  for (size_t i = 0; i < gradient.data.size(); ++i) sum[i % pixels] += std::abs(gradient.data[i]);
  return sum;
}

std::vector<std::string> layers_before_strides(const Model& model, const std::string& layer) {
  Graph graph;
  const ValueId input = graph.state(Model::kInput, {{1, model.channels, model.height, model.width}});
  ModelGraph(model, graph, input).value(layer);
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) {
    const ValueId src = node.src.front();
    const Shape &from = graph.shape(src), &to = graph.shape(node.dst.front());
    const std::string& name = graph.value(src).name;
    if (src != input && to.h < from.h && to.h > 1 && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }
  return names;
}

std::vector<GradientMap> gradient_maps(const Model& model, Backend& backend, const HostTensor& photograph,
                                       const ChannelObjective& objective, const std::vector<std::string>& layers) {
  const Json terms = Json::array({{{"channel", {{"layer", objective.layer}, {"unit", objective.unit}}}}});
  const Objective terms_of_it = read_objective(JsonReader(terms, "gradients"), 1);

  Graph graph;
  const TensorInfo info{{1, 3, photograph.dims.at(2), photograph.dims.at(3)}};
  std::vector<ValueId> values = {graph.state(Model::kInput, info)};
  std::vector<std::string> names = {Model::kInput};
  ModelGraph network(model, graph, values.front());
  const ObjectivePart part(graph, network, model, terms_of_it, {}, info.shape);
  for (const std::string& layer : layers) {
    names.push_back(layer);
    values.push_back(network.value(layer));
  }
  const std::vector<ValueId> gradients = differentiate(graph, values);
  for (size_t i = 0; i < gradients.size(); ++i)
    if (gradients[i] == kNoValue) fail("gradients", "'{}' does not depend on '{}'", objective.layer, names[i]);

  States states(backend);
  Program program(std::move(graph), gradients, backend, states);
  states.write(Model::kInput, prepare_input(model.preprocessing, photograph));
  part.write(states, {{&terms_of_it}});
  program.run();
  std::vector<GradientMap> maps;
  for (size_t i = 0; i < gradients.size(); ++i) maps.push_back({names[i], program.read_nchw(gradients[i])});
  return maps;
}

std::string write_gradient_maps(const std::string& folder, const Model& model, const HostTensor& photograph,
                                const ChannelObjective& objective, const std::vector<GradientMap>& maps) {
  make_folder(folder);
  const GradientMap& input = maps.front();
  const Shape shape = input.shape();
  const std::vector<float> colours = in_colour(input, model.preprocessing);
  const PowerSpectrum spectrum = power_spectrum(colours, 3, shape.h, shape.w);
  write_png(folder + "/photo.png", photograph.data.data(), 3, shape.h, shape.w);
  write_png(folder + "/input_gradient.png", colours.data(), 3, shape.h, shape.w);

  FileNames pictures;
  for (const char* other : {"photo", "input_gradient"}) pictures.add(other);
  Json layers = Json::array();
  Json figures = {figure("photo.png", "The photograph", ""),
                  figure("input_gradient.png", "The input's gradient",
                         fmt::format("grey is 0; slope of its power {:.2f}, {:.0f} % of it above .25 cycles per pixel",
                                     spectrum.slope, 100 * spectrum.high_frequency_share))};
  for (const GradientMap& map : maps) {
    const std::string picture = pictures.take(as_whole_file_name(as_file_name(map.layer))) + ".png";
    write_magnitude(folder + "/" + picture, map.magnitude(), map.shape());
    const Json checkerboard = checkerboard_of(map);
    layers.push_back({{"layer", map.layer},
                      {"shape", {map.shape().c, map.shape().h, map.shape().w}},
                      {"checkerboard", checkerboard},
                      {"picture", picture}});
    figures.push_back(
        figure(picture, map.layer, fmt::format("{}\n{}", to_string(map.shape()), checkerboard_words(checkerboard))));
  }
  const Json record = {{"model", model.name},
                       {"layer", objective.layer},
                       {"unit", objective.unit},
                       {"input_spectrum", to_json(spectrum)},
                       {"layers", std::move(layers)}};
  write_file(folder + "/gradients.json", json_text(record, 2) + "\n");
  const Json page = {{"title", fmt::format("Gradients of {}, channel {}", objective.layer, objective.unit)},
                     {"note",
                      "Magnitudes, summed over channels, of the gradient of the channel's mean with respect to layers, "
                      "all from one backward "
                      "pass. A layer that something of stride reads shows a checkerboard."},
                     {"figures", std::move(figures)},
                     {"chart", spectrum_chart({{"the input's gradient", spectrum}})}};
  std::string path = folder + "/gradients.html";
  write_file(path, page_with(kFiguresPage, page));
  return path;
}

}  // namespace phosphene
