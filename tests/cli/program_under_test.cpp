#include "tests/cli/program_under_test.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "layers/network/convolution.h"
#include "layers/network/pooling.h"
#include "layers/network/relu.h"
#include "layers/network/softmax.h"
#include "loaders/model_file.h"

namespace phosphene {
namespace {

// 3 x 3 filters with small numbers of both signs, none of which repeats with the channel.
Weights filters(int64_t k, int64_t c) {
  std::vector<float> values(static_cast<size_t>(k * c * 9));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.01F * static_cast<float>(static_cast<int>(i * 37 % 19) - 9);
  return Weights::from(std::move(values), {k, c, 3, 3});
}

Model small_network(int64_t channels) {
  const WindowAttributes window{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  Model model;
  model.name = "small";
  model.height = model.width = 32;
  model.channels = channels;
  model.preprocessing = {.scale = std::vector<float>(static_cast<size_t>(channels), 1),
                         .mean = std::vector<float>(static_cast<size_t>(channels), 0.5F),
                         .order = {0, 1, 2}};
  model.preprocessing.order.resize(static_cast<size_t>(channels));
  model.layers = {
      {"conv1:pre", std::make_shared<Convolution>(window, 1, filters(4, channels), Weights{}), {Model::kInput}},
      {"conv1", std::make_shared<Relu>(), {"conv1:pre"}},
      {"conv2", std::make_shared<Convolution>(window, 1, filters(8, 4), Weights{}), {"conv1"}}};
  model.aliases = {{"last", "conv2"}};
  return model;
}

}  // namespace

void save_classifier(const std::string& path) {
  const WindowAttributes window{.r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
  Model model;
  model.name = "classifier";
  model.height = model.width = 96;
  model.preprocessing = {{255, 255, 255}, {104, 117, 123}, {2, 1, 0}};
  model.layers = {{"conv1:pre", std::make_shared<Convolution>(window, 1, filters(32, 3), Weights{}), {Model::kInput}},
                  {"conv1", std::make_shared<Relu>(), {"conv1:pre"}},
                  {"conv2", std::make_shared<Convolution>(window, 1, filters(32, 32), Weights{}), {"conv1"}},
                  {"pool",
                   std::make_shared<Pooling>(PoolingKind::average, WindowAttributes{}, PoolingDivisor::inside, true),
                   {"conv2"}},
                  {"prob", std::make_shared<Softmax>(), {"pool"}}};
  save_model(model, path);
}

std::string contents_of(const std::filesystem::path& path) {
  std::ostringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

ProgramTest::ProgramTest() {
  std::string name = (std::filesystem::temp_directory_path() / "phosphene_cli_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = name;
  save_model(small_network(3), (folder_ / "small.safetensors").string());
  save_model(small_network(1), (folder_ / "gray.safetensors").string());
}

ProgramTest::~ProgramTest() { std::filesystem::remove_all(folder_); }

Outcome ProgramTest::run(const std::string& arguments, const std::string& before) const {
  const char* carried = std::getenv("PHOSPHENE_TESTED_PROGRAM");  // where tests were carried to another machine
  const std::string program = carried == nullptr ? PHOSPHENE_PROGRAM : carried;
  const std::string command = fmt::format("cd '{0}' && {{ {1} '{2}' {3}; }} > '{0}/out' 2> '{0}/err' < /dev/null",
                                          folder_.string(), before, program, arguments);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents_of(folder_ / "out"), contents_of(folder_ / "err")};
}

void ProgramTest::write(const std::string& name, const std::string& contents) const {
  std::ofstream(folder_ / name, std::ios::binary) << contents;
}

void expect_one_clear_line(const Outcome& outcome, const std::vector<std::string>& words) {
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("phosphene: error: ")) << outcome.err;
  for (const std::string& word : words)
    EXPECT_NE(outcome.err.find(word), std::string::npos) << "no '" << word << "' in " << outcome.err;
}

}  // namespace phosphene
