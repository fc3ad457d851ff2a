// phosphene attribute: what of a photograph, or of a layer, a class or a unit comes from.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "cli/device_option.h"
#include "cli/help.h"
#include "cli/option_values.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "experiment/attribution/attribution.h"
#include "experiment/attribution/attribution_files.h"
#include "experiment/objective/term_list.h"
#include "experiment/photos/photo_file.h"
#include "experiment/photos/resize.h"
#include "loaders/json_reader.h"
#include "loaders/json_text.h"
#include "loaders/load_model.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/files.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

constexpr const char* kBaselines[] = {"black", "gray", "mean"};

struct AttributeOptions {
  std::string model, photo, out = "runs/attribution", of_class, channel, objective, layer;
  std::vector<std::string> methods = {"gradient_x_input", "integrated_gradients", "smoothgrad"};
  std::string baseline = "black", rule = "midpoint";
  int64_t steps = 50, most_steps = 1600, samples = 50, seed = 0, size = 0;
  double tolerance = 0.01, noise = 0.15;
  bool json = false;
  DeviceOptions device;
};

constexpr size_t kMostDigits = 9;  // of a unit's or a class' index, at most

Objective objective_of(const AttributeOptions& options) {
  const int given =
      (options.of_class.empty() ? 0 : 1) + (options.channel.empty() ? 0 : 1) + (options.objective.empty() ? 0 : 1);
  if (given != 1) fail("attribute", "expected one of --class, --channel and --objective, got {}", given);
  if (!options.objective.empty()) return load_objective(options.objective, 1);
  Json term;
  if (!options.of_class.empty()) {
    const bool index = options.of_class.find_first_not_of("0123456789") == std::string::npos;
    if (index && options.of_class.size() > kMostDigits)
      fail("--class", "'{}' is not the index of a class", options.of_class);
    term = {{"class", index ? Json{{"index", std::stoll(options.of_class)}} : Json{{"label", options.of_class}}}};
  } else {
    const size_t colon = options.channel.rfind(':');
    const std::string unit = colon == std::string::npos ? "" : options.channel.substr(colon + 1);
    if (unit.empty() || unit.size() > kMostDigits || unit.find_first_not_of("0123456789") != std::string::npos)
      fail("--channel", "'{}' is not of the form LAYER:UNIT, as in mixed4a:97", options.channel);
    term = {{"channel", {{"layer", options.channel.substr(0, colon)}, {"unit", std::stoll(unit)}}}};
  }
  return read_objective(JsonReader(Json::array({term}), "attribute"), 1);
}

class Attribute {
 public:
  explicit Attribute(const AttributeOptions& options)
      : options_(options),
        model_(load_model(find_model(options.model))),
        objective_(objective_of(options)),
        backend_(open_device(options.device)) {
    require_photographs(model_, options.photo);
    const int64_t height = options.size > 0 ? options.size : model_.height;
    const int64_t width = options.size > 0 ? options.size : model_.width;
    photograph_ = resize_and_crop(read_photo(options.photo), height, width);
    shape_ = {1, 3, height, width};
    std::vector<std::string> at;
    if (!options.layer.empty()) at.push_back(options.layer);
    program_ = std::make_unique<GradientProgram>(model_, *backend_, objective_, shape_, at);
    baseline_ = baseline();
    make_folder(options.out);
    write_png(file("photo.png"), photograph_.data.data(), 3, height, width);
    record_ = {{"model", model_.name}, {"photograph", options.photo}, {"size", {height, width}}};
  }

  void run();

 private:
  [[nodiscard]] std::string file(const std::string& name) const { return options_.out + "/" + name; }
  void keep(const std::string& name, HostTensor tensor) {
    names_.push_back(name);
    tensors_.push_back(std::move(tensor));
  }
  // A map of the photograph's size, or of a layer's, which is shown upsampled.
  void show(const std::string& name, const std::vector<double>& map, int64_t h, int64_t w, Json about);
  void show_input(const std::string& name, const HostTensor& attribution, Json about);
  void show_path(const std::string& name, const PathAttribution& path, const Json& about);
  [[nodiscard]] HostTensor baseline() const;
  // Of a path, whose number is not known before.
  [[nodiscard]] static std::function<void()> points();
  [[nodiscard]] std::function<void()> counting(const std::string& what, int64_t all) const;

  void gradient() { show_input("gradient", gradient_, {{"of", "RGB in 0..1"}}); }
  void gradient_x_input() {
    const HostTensor product = times(photograph_, gradient_);
    show_input("gradient_x_input", product, {{"of", "RGB in 0..1"}, {"sum", sum_of(product)}});
  }
  void integrated_gradients();
  void smoothgrad();
  void grad_cam_map();
  void layer();
  void layer_path();
  void write_files();

  const AttributeOptions& options_;
  Model model_;
  Objective objective_;
  std::unique_ptr<Backend> backend_;
  HostTensor photograph_, baseline_, gradient_;
  Shape shape_;
  std::unique_ptr<GradientProgram> program_;
  std::vector<std::string> names_;
  std::vector<HostTensor> tensors_;
  Json record_;
  std::string text_;

  friend const std::map<std::string, void (Attribute::*)()>& methods_of_attribution();
};

const std::map<std::string, void (Attribute::*)()>& methods_of_attribution() {
  static const std::map<std::string, void (Attribute::*)()> methods = {
      {"gradient", &Attribute::gradient},
      {"gradient_x_input", &Attribute::gradient_x_input},
      {"integrated_gradients", &Attribute::integrated_gradients},
      {"smoothgrad", &Attribute::smoothgrad},
      {"grad_cam", &Attribute::grad_cam_map},
      {"layer", &Attribute::layer},
      {"layer_path", &Attribute::layer_path}};
  return methods;
}

void Attribute::show(const std::string& name, const std::vector<double>& map, int64_t h, int64_t w, Json about) {
  const std::vector<double> large = h == shape_.h && w == shape_.w ? map : upsampled(map, h, w, shape_.h, shape_.w);
  about["picture"] = name + ".png";
  about["full_colour_at"] = write_heat_map(file(name + ".png"), photograph_, large);
  record_["methods"][name] = std::move(about);
}

void Attribute::show_input(const std::string& name, const HostTensor& attribution, Json about) {
  keep(name, attribution);
  const bool silent = std::all_of(attribution.data.begin(), attribution.data.end(), [](float x) { return x == 0; });
  if (silent) about["zero"] = true;
  text_ += fmt::format("{:<22} {}\n", name,
                       silent                  ? "zero everywhere: nothing of the photograph changes the objective here"
                       : about.contains("sum") ? fmt::format("sum {:.5g}", about["sum"].get<double>())
                                               : std::string("towards RGB in 0..1"));
  show(name, over_channels(attribution), shape_.h, shape_.w, std::move(about));
}

std::function<void()> Attribute::counting(const std::string& what, int64_t all) const {
  const auto progress = std::make_shared<LoopProgress>(what, all);
  return [progress, done = std::make_shared<int64_t>(0), all] { progress->done(std::min(++*done, all)); };
}

std::function<void()> Attribute::points() {
  return [done = std::make_shared<int64_t>(0)] {
    StatusLine::of_process().announce(fmt::format("{} points of a path", ++*done));
  };
}

HostTensor Attribute::baseline() const {
  HostTensor level{photograph_.dims, std::vector<float>(photograph_.data.size(), 0.F)};
  if (options_.baseline == "gray") std::fill(level.data.begin(), level.data.end(), 0.5F);
  if (options_.baseline == "mean") {
    const auto pixels = static_cast<std::ptrdiff_t>(shape_.h * shape_.w);
    for (std::ptrdiff_t colour = 0; colour < 3; ++colour) {
      const auto first = photograph_.data.begin() + colour * pixels;
      const double mean = std::accumulate(first, first + pixels, 0.0) / static_cast<double>(pixels);
      std::fill_n(level.data.begin() + colour * pixels, pixels, static_cast<float>(mean));
    }
  }
  const bool named = std::find(std::begin(kBaselines), std::end(kBaselines), options_.baseline) != std::end(kBaselines);
  return named ? level : resize_and_crop(read_photo(options_.baseline), shape_.h, shape_.w);
}

void Attribute::show_path(const std::string& name, const PathAttribution& path, const Json& about) {
  Json all = about;
  all.update({{"rule", options_.rule},
              {"steps", path.steps},
              {"objective", path.end},
              {"objective_at_baseline", path.baseline},
              {"sum", path.sum},
              {"difference", path.difference()},
              {"error", std::isfinite(path.error()) ? Json(path.error()) : Json()}});
  text_ += fmt::format("{:<22} {:.5g} - {:.5g} = {:.5g}; the sum is {:.5g}, {} with {} steps\n", name, path.end,
                       path.baseline, path.difference(), path.sum,
                       std::isfinite(path.error()) ? fmt::format("off by {:.2g} %", 100 * path.error())
                                                   : std::string("of no difference"),
                       path.steps);
  const int64_t h = path.map.dims.at(2), w = path.map.dims.at(3);
  keep(name, path.map);
  show(name, over_channels(path.map), h, w, std::move(all));
}

void Attribute::integrated_gradients() {
  const auto rule =
      static_cast<PathRule>(std::find(kPathRules.begin(), kPathRules.end(), options_.rule) - kPathRules.begin());
  const PathAttribution path = complete_path(*program_, photograph_, baseline_, rule, options_.steps,
                                             options_.most_steps, options_.tolerance, points());
  show_path("integrated_gradients", path, {{"baseline", options_.baseline}});
}

void Attribute::smoothgrad() {
  const HostTensor mean =
      smooth_gradient(*program_, photograph_, options_.samples,
                      normal_noise(photograph_, options_.noise, static_cast<uint64_t>(options_.seed)),
                      counting("samples", options_.samples));
  show_input(
      "smoothgrad", mean,
      {{"of", "RGB in 0..1"}, {"samples", options_.samples}, {"noise", options_.noise}, {"seed", options_.seed}});
}

void Attribute::grad_cam_map() {
  program_->run(photograph_);
  const HostTensor activations = program_->value_at(0);
  std::vector<double> map = grad_cam(activations, program_->gradient_at(0));
  HostTensor kept{{activations.dims.at(2), activations.dims.at(3)}, {map.begin(), map.end()}};
  keep("grad_cam", std::move(kept));
  const double most = *std::max_element(map.begin(), map.end());
  for (double& number : map) number = std::max(number, 0.0);
  text_ += fmt::format(
      "{:<22} {}\n", "grad_cam",
      most > 0 ? fmt::format("at most {:.5g}", most) : std::string("nothing is positive: the map is empty"));
  show("grad_cam", map, activations.dims.at(2), activations.dims.at(3), {{"layer", options_.layer}, {"largest", most}});
}

void Attribute::layer() {
  program_->run(photograph_);
  const HostTensor linear = times(program_->value_at(0), program_->gradient_at(0));
  text_ += fmt::format("{:<22} sum {:.5g}\n", "layer", sum_of(linear));
  keep("layer", linear);
  show("layer", over_channels(linear), linear.dims.at(2), linear.dims.at(3),
       {{"layer", options_.layer}, {"sum", sum_of(linear)}, {"channels", over_positions(linear)}});
}

void Attribute::layer_path() {
  program_->run(photograph_);
  const HostTensor activations = program_->value_at(0);
  GradientProgram head(model_, *backend_, objective_, shape_, options_.layer,
                       {1, activations.dims.at(1), activations.dims.at(2), activations.dims.at(3)});
  const HostTensor nothing{activations.dims, std::vector<float>(activations.data.size(), 0.F)};
  const auto rule =
      static_cast<PathRule>(std::find(kPathRules.begin(), kPathRules.end(), options_.rule) - kPathRules.begin());
  const PathAttribution path = complete_path(head, activations, nothing, rule, options_.steps, options_.most_steps,
                                             options_.tolerance, points());
  show_path("layer_path", path, {{"layer", options_.layer}, {"channels", over_positions(path.map)}});
}

void Attribute::write_files() {
  std::vector<NamedTensor> named;
  for (size_t i = 0; i < names_.size(); ++i) named.emplace_back(names_[i], tensors_[i].dims, tensors_[i].data);
  write_safetensors(file("attribution.safetensors"), named, {{"layout", "NCHW"}, {"model", model_.name}});
  write_file(file("attribution.json"), json_text(record_, 2) + "\n");
}

void Attribute::run() {
  record_["objective"] = program_->run(photograph_);
  gradient_ = program_->gradient();
  for (const std::string& method : options_.methods) (this->*methods_of_attribution().at(method))();
  write_files();
  if (options_.json) {
    print_result("{}\n", json_text(record_, 2));
    return;
  }
  print_result("{:<22} {:.5g}\n{}{}\n", "objective", record_["objective"].get<double>(), text_,
               printable(options_.out, options_.out.size()));
}

// An option that no method reads would be ignored.
void check_use(const CLI::App& command, const AttributeOptions& options) {
  for (const std::string& method : options.methods) {
    const auto& known = methods_of_attribution();
    std::vector<std::string> names;
    for (const auto& [name, run] : known) names.push_back(name);
    if (!known.contains(method)) fail("--method", "'{}' is not a method{}", method, suggestion(method, names));
    if (std::count(options.methods.begin(), options.methods.end(), method) > 1)
      fail("--method", "'{}' is given twice", method);
  }
  const auto any = [&](std::initializer_list<const char*> methods) {
    return std::any_of(methods.begin(), methods.end(), [&](const char* method) {
      return std::find(options.methods.begin(), options.methods.end(), method) != options.methods.end();
    });
  };
  const bool path = any({"integrated_gradients", "layer_path"}), inside = any({"grad_cam", "layer", "layer_path"});
  if (inside && options.layer.empty()) fail("--layer", "grad_cam, layer and layer_path want one");
  const auto refuse = [&](const char* option, bool used, const char* by) {
    if (!used && command.get_option(option)->count() > 0)
      fail(option, "is for {}, which --method does not ask for", by);
  };
  refuse("--layer", inside, "grad_cam, layer and layer_path");
  refuse("--baseline", any({"integrated_gradients"}), "integrated_gradients");
  for (const char* option : {"--rule", "--steps", "--most-steps", "--tolerance"})
    refuse(option, path, "integrated_gradients and layer_path");
  for (const char* option : {"--samples", "--noise", "--seed"}) refuse(option, any({"smoothgrad"}), "smoothgrad");
  if (options.most_steps < options.steps)
    fail("--most-steps", "expected at least --steps, {}; got {}", options.steps, options.most_steps);
}

}  // namespace

void add_attribute(CLI::App& command) {
  auto options = std::make_shared<AttributeOptions>();
  add_details(
      command,
      "Methods: gradient, gradient_x_input, integrated_gradients, smoothgrad, and of a layer grad_cam, layer "
      "(activation times gradient) and layer_path (the same along the path from 0). Writes for each a picture, red "
      "where it speaks for the objective and blue where it speaks against it, attribution.safetensors and "
      "attribution.json into a folder, and prints how far the sums of paths are from what they add up to.");
  value(command.add_option("model", options->model, kModelSentence), kModel)->required();
  value(command.add_option("photo", options->photo, "photograph, JPEG or PNG; its middle is used"), kPhoto)->required();
  value(command.add_option("--class", options->of_class, "a class' logit, by index or by label"), "CLASS");
  value(command.add_option("--channel", options->channel, "the mean of a channel"), kUnit);
  value(command.add_option("--objective", options->objective, "JSON file with a list of terms as in a config"), kFile);
  value(command.add_option("--method", options->methods, "what to compute"), "METHOD,METHOD...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  value(command.add_option("--layer", options->layer, "of grad_cam, layer and layer_path"), kLayer);
  value(command.add_option("--baseline", options->baseline,
                           "where the path of integrated_gradients begins: black, gray, mean (of the photograph), or a "
                           "photograph"),
        "black|gray|mean|PHOTO")
      ->capture_default_str();
  one_of(command.add_option("--rule", options->rule, "where the points of a path lie"),
         {"left", "right", "midpoint", "trapezoid"})
      ->capture_default_str();
  whole_number(command.add_option("--steps", options->steps, "points of a path; they are doubled until its sum fits"),
               2, 1 << 20)
      ->capture_default_str();
  whole_number(command.add_option("--most-steps", options->most_steps, "the most points of a path"), 2, 1 << 20)
      ->capture_default_str();
  number(command.add_option("--tolerance", options->tolerance, "how far the sum may be from the difference, of it"), 0,
         1)
      ->capture_default_str();
  whole_number(command.add_option("--samples", options->samples, "of smoothgrad"), 1, 1 << 20)->capture_default_str();
  number(command.add_option("--noise", options->noise, "of smoothgrad: its deviation, of the photograph's range"), 0,
         10)
      ->capture_default_str();
  whole_number(command.add_option("--seed", options->seed, "of smoothgrad's noise"), 0, int64_t{1} << 53)
      ->capture_default_str();
  whole_number(
      command.add_option("--size", options->size, "side of the image (default: what the model was trained at)"), 1,
      1 << 12);
  value(command.add_option("--out", options->out, "folder for the results"), kFolder)->capture_default_str();
  command.add_flag("--json", options->json, "print attribution.json");
  add_device_options(command, options->device);
  command.footer(
      "Example:\n  phosphene attribute squeezenet cat.jpg --class 285 --method integrated_gradients,grad_cam --layer "
      "features.12");
  command.callback([options, &command] {
    check_use(command, *options);
    Attribute(*options).run();
  });
}

}  // namespace phosphene
