#include "runtime/cuda/plan_cache.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "runtime/cache_folder.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

// FNV-1a: a name for a file. The key itself stands in the file's first line and is compared.
uint64_t hash(const std::string& text) {
  uint64_t h = 14695981039346656037ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return h;
}

struct Entry {
  std::string description, json;  // empty: there is none
};

Entry read_entry(const std::string& path, const std::string& key) {
  std::ifstream stream(path);
  std::string first;
  Entry entry;
  if (!std::getline(stream, first) || first != key || !std::getline(stream, entry.description)) return {};
  std::ostringstream rest;
  rest << stream.rdbuf();
  entry.json = rest.str();
  return entry;
}

}  // namespace

PlanCache::PlanCache(PlanTarget target, std::string device, std::string folder)
    : target_(std::move(target)), device_(std::move(device)), folder_(std::move(folder)) {}

std::string PlanCache::default_folder() {
  const std::string folder = cache_folder();
  return folder.empty() ? "" : folder + "/cudnn";
}

std::unique_ptr<CudnnPlan> PlanCache::find(const ConvolutionGraph& graph, Engines engines,
                                           std::vector<Attempt>& attempts) {
  const std::string way = engines == Engines::ranked ? "ranked" : "fall-back";
  const std::string key = fmt::format("cudnn {} | {} | {} | {}", cudnnGetVersion(), device_, way, graph.key());
  const std::string path = folder_.empty() ? "" : fmt::format("{}/{:016x}.json", folder_, hash(key));
  const std::string name = fmt::format("cudnn {}{}", way, graph.fused() ? " fused" : "");
  if (!path.empty()) {
    if (const Entry entry = read_entry(path, key); !entry.json.empty()) {
      if (std::unique_ptr<CudnnPlan> plan = CudnnPlan::restore(entry.json, entry.description, target_)) {
        attempts.push_back({name, ""});
        return plan;
      }
    }
  }
  std::string refusal;
  std::unique_ptr<CudnnPlan> plan = CudnnPlan::find(
      graph, target_, engines == Engines::ranked ? CUDNN_HEUR_MODE_A : CUDNN_HEUR_MODE_FALLBACK, refusal);
  attempts.push_back({name, refusal});
  if (plan != nullptr && !path.empty()) {
    if (const std::string json = plan->json(); !json.empty())
      write_cache_file(path, fmt::format("{}\n{}\n{}", key, plan->description(), json));
  }
  return plan;
}

PlanChoice choose_plan(PlanCache& cache, const ConvolutionGraph& graph, const std::string& where) {
  PlanChoice choice;
  for (const auto engines : {PlanCache::Engines::ranked, PlanCache::Engines::fall_back}) {
    for (const bool fused : {true, false}) {
      if (!fused && !graph.fused()) continue;
      choice.plan = cache.find(fused ? graph : graph.alone(), engines, choice.attempts);
      if (choice.plan == nullptr) continue;
      choice.fused = fused;
      choice.implementation = fmt::format("{}, {}", choice.attempts.back().implementation, choice.plan->description());
      return choice;
    }
  }
  fail_internal(where, "cuDNN has no plan for {}; the last refusal: {}", graph.key(), choice.attempts.back().refusal);
}

}  // namespace phosphene
