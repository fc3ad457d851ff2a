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

}  // namespace

PlanCache::PlanCache(PlanTarget target, std::string device, std::string folder)
    : target_(std::move(target)), device_(std::move(device)), folder_(std::move(folder)) {}

std::string PlanCache::default_folder() {
  const std::string folder = cache_folder();
  return folder.empty() ? "" : folder + "/cudnn";
}

// "" where nothing is kept on disk.
std::string PlanCache::path_of(const std::string& key) const {
  return folder_.empty() ? "" : fmt::format("{}/{:016x}.json", folder_, hash(key));
}

// From memory or, of a plan, from disk.
PlanCache::Entry PlanCache::read(const std::string& key) const {
  if (const auto known = entries_.find(key); known != entries_.end()) return known->second;
  const std::string path = path_of(key);
  if (path.empty()) return {};
  std::ifstream stream(path);
  std::string first;
  Entry entry;
  if (!std::getline(stream, first) || first != key || !std::getline(stream, entry.description)) return {};
  std::ostringstream rest;
  rest << stream.rdbuf();
  entry.json = rest.str();
  return entry;
}

void PlanCache::keep(const std::string& key, const CudnnPlan* plan, const std::string& refusal) {
  if (plan == nullptr) {
    entries_[key] = {"", "", refusal};
    return;
  }
  const std::string json = plan->json();
  if (json.empty()) return;
  entries_[key] = {plan->description(), json, ""};
  if (const std::string path = path_of(key); !path.empty())
    write_cache_file(path, fmt::format("{}\n{}\n{}", key, plan->description(), json));
}

std::unique_ptr<CudnnPlan> PlanCache::find(const ConvolutionGraph& graph, Engines engines,
                                           std::vector<Attempt>& attempts) {
  const std::string way = engines == Engines::ranked ? "ranked" : "fall-back";
  const std::string key = fmt::format("cudnn {} | {} | {} | {}", cudnnGetVersion(), device_, way, graph.key());
  const std::string name = fmt::format("cudnn {}{}", way, graph.fused() ? " fused" : "");
  const Entry entry = read(key);
  if (!entry.refusal.empty()) {
    attempts.push_back({name, entry.refusal});
    return nullptr;
  }
  std::unique_ptr<CudnnPlan> plan;
  if (!entry.json.empty()) plan = CudnnPlan::restore(entry.json, entry.description, target_);
  if (plan != nullptr) {
    entries_.try_emplace(key, entry);
    attempts.push_back({name, ""});
    return plan;
  }
  std::string refusal;
  ++searches_;
  plan = CudnnPlan::find(graph, target_, engines == Engines::ranked ? CUDNN_HEUR_MODE_A : CUDNN_HEUR_MODE_FALLBACK,
                         refusal);
  attempts.push_back({name, refusal});
  keep(key, plan.get(), refusal);
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
