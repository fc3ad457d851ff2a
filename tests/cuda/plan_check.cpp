// Asks cuDNN to plan every convolution of an optimisation step for a GPU that is not there.
//
//   plan_check googlenet|vgg16|prior|FILE.safetensors SM f32|tf32|bf16
//
// prior: the generator in front of the first convolution of GoogLeNet.
//
// The step is built by the product on a backend of paper, fused as for a GPU; each distinct convolution is then planned by the
// product's own choice, in a child process, because cuDNN may crash on a graph that it does not support. Status 0 when all have
// a plan, 77 when the network is not here, 1 otherwise. Fused gradients need a loadable libcuda.so.1: tests/cuda/stub_driver.py.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "experiment/config/parse_config.h"
#include "experiment/step/step_program.h"
#include "loaders/load_model.h"
#include "runtime/cuda/cudnn_parts.h"
#include "runtime/cuda/plan_cache.h"
#include "runtime/dry_run_backend.h"
#include "runtime/error.h"
#include "runtime/problems/problem.h"
#include "tests/cuda/device_properties.h"
#include "tests/support/golden.h"

namespace phosphene::testing {
namespace {

constexpr int kSkipped = 77;

struct Outcome {
  int64_t workspace_bytes = 0;
  char implementation[120] = {};
};

// The plan for one graph, made in a child; nothing when there is none.
std::optional<Outcome> plan_in_child(const ConvolutionGraph& graph, const std::string& device, std::string& fault) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    Outcome outcome;
    int status = 0;
    try {
      PlanCache cache({nullptr, device}, "paper", "");
      const PlanChoice choice = choose_plan(cache, graph, "layer");
      outcome.workspace_bytes = choice.plan->workspace_bytes();
      const int searches = cache.searches();  // what is known is not looked for again, refusals neither
      if (choose_plan(cache, graph, "layer").implementation != choice.implementation || cache.searches() != searches)
        fail("layer", "planned a second time in another way, or anew");
      std::strncpy(outcome.implementation, choice.implementation.c_str(), sizeof(outcome.implementation) - 1);
    } catch (const std::exception& error) {
      std::strncpy(outcome.implementation, error.what(), sizeof(outcome.implementation) - 1);
      status = 1;
    }
    if (write(ends[1], &outcome, sizeof(outcome)) != sizeof(outcome)) status = 1;
    _exit(status);
  }
  close(ends[1]);
  Outcome outcome;
  const ssize_t received = read(ends[0], &outcome, sizeof(outcome));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && received == sizeof(outcome)) return outcome;
  fault = WIFSIGNALED(status) ? fmt::format("crash, signal {}", WTERMSIG(status)) : outcome.implementation;
  return std::nullopt;
}

std::optional<Model> network(const std::string& name) {
  if (name.ends_with(".safetensors")) return load_model(name);
  if (name == "vgg16") {
    const char* path = std::getenv("PHOSPHENE_VGG16");
    if (path == nullptr) return std::nullopt;
    return load_model(path);
  }
  const auto weights = find_asset("models/bvlc_googlenet.caffemodel");
  if (!weights) return std::nullopt;
  return load_model(weights->string(), find_asset("models/googlenet_deploy.prototxt")->string());
}

// Every convolution of a step as the product would ask for it.
std::map<std::string, ConvolutionGraph> convolutions(const Model& model, bool prior, NetworkPrecision precision) {
  std::map<std::string, ConvolutionGraph> graphs;
  const auto backend = make_dry_run_backend(
      [&](const Problem& problem, const std::string&) {
        const auto add = [&](const auto& convolution) {
          const ConvolutionGraph graph = graph_of(convolution, precision);
          graphs.emplace(graph.key(), graph);
        };
        if (const auto* forward = std::get_if<ConvolutionProblem>(&problem)) add(*forward);
        if (const auto* backward = std::get_if<ConvolutionBackwardProblem>(&problem)) add(*backward);
        return PlannedTask{};
      },
      precision == NetworkPrecision::tf32);
  std::string layer_read;  // the deepest, or behind a prior the first
  for (const Layer& layer : model.layers) {
    if (layer.op->kind() == "convolution" && (!prior || layer_read.empty())) layer_read = layer.name;
  }
  const Json json = {{"version", 1},
                     {"model", model.name},
                     {"size", model.height},
                     {"precision", precision == NetworkPrecision::bf16 ? "bf16" : "f32"},
                     {"parameterization", {{prior ? "prior" : "fourier", Json::object()}}},
                     {"objective", Json::array({{{"channel", {{"layer", layer_read}, {"unit", 0}}}}})}};
  const StepProgram step(model, parse_config(json, "plan check", "."), 1, *backend);
  return graphs;
}

int check(const std::string& name, int sm, NetworkPrecision precision) {
  const GpuOnPaper* gpu = nullptr;
  for (const GpuOnPaper& candidate : kGpus) gpu = candidate.sm == sm ? &candidate : gpu;
  if (gpu == nullptr) fail("plan check", "sm_{} has no description", sm);
  const std::optional<Model> model = network(name);
  if (!model) {
    fmt::print("skipped: {} is not here\n", name);
    return kSkipped;
  }
  const auto start = std::chrono::steady_clock::now();
  std::map<std::string, int> ways;
  int64_t workspace = 0;
  int missing = 0;
  const auto graphs = convolutions(*model, name == "prior", precision);
  for (const auto& [key, graph] : graphs) {
    std::string fault;
    if (const auto outcome = plan_in_child(graph, device_json(*gpu), fault)) {
      const std::string implementation = outcome->implementation;
      ++ways[fmt::format("{} by {}", graph.backward ? "backward" : "forward",
                         implementation.substr(0, implementation.find(',')))];
      workspace = std::max(workspace, outcome->workspace_bytes);
    } else {
      fmt::print("NO PLAN {}: {}\n", key, fault);
      ++missing;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{} on {} (sm_{}): {} convolutions, {} without a plan, largest workspace {} bytes, {:.0f} s\n", name,
             gpu->name, sm, graphs.size(), missing, workspace, seconds);
  for (const auto& [way, count] : ways) fmt::print("  {:>3} {}\n", count, way);
  return missing == 0 && !graphs.empty() ? 0 : 1;
}

}  // namespace
}  // namespace phosphene::testing

int main(int argc, char** argv) try {
  if (const std::string warning = phosphene::open_cudnn_parts(); !warning.empty()) fmt::print("{}\n", warning);
  using phosphene::NetworkPrecision;
  if (argc != 4) phosphene::fail("plan_check", "expected googlenet|vgg16|prior SM f32|tf32|bf16");
  const std::string precision = argv[3];
  return phosphene::testing::check(argv[1], std::atoi(argv[2]),
                                   precision == "bf16"   ? NetworkPrecision::bf16
                                   : precision == "tf32" ? NetworkPrecision::tf32
                                                         : NetworkPrecision::f32);
} catch (const std::exception& error) {
  fmt::print("{}\n", error.what());
  return 1;
}
