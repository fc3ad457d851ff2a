// Finds cuDNN plans, and remembers them on disk: choosing an engine, and compiling it where cuDNN does so, takes up to seconds a
// layer. Entries are keyed by cuDNN's version, the device and the graph; a damaged one is found anew. In memory refusals are remembered
// too, which take as long; not on disk: a library that was missing may be there the next time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/cuda/cudnn_plan.h"

namespace phosphene {

class PlanCache {
 public:
  // `folder` "" remembers nothing; `device` names the GPU.
  PlanCache(PlanTarget target, std::string device, std::string folder);

  // The folder for a user: cudnn in the cache folder; "" where there is none.
  static std::string default_folder();

  enum class Engines { ranked, fall_back };  // cuDNN's mode A, and what it keeps for graphs that mode A has nothing for

  // A plan of the whole graph, or null; either way it is added to `attempts`.
  std::unique_ptr<CudnnPlan> find(const ConvolutionGraph& graph, Engines engines, std::vector<Attempt>& attempts);

  // How often cuDNN was asked to choose.
  [[nodiscard]] int searches() const { return searches_; }

 private:
  struct Entry {
    std::string description, json;  // of a plan; json "": there is none
    std::string refusal;            // why there is none
  };

  [[nodiscard]] Entry read(const std::string& key) const;
  [[nodiscard]] std::string path_of(const std::string& key) const;
  void keep(const std::string& key, const CudnnPlan* plan, const std::string& refusal);

  PlanTarget target_;
  std::string device_, folder_;
  std::map<std::string, Entry> entries_;
  int searches_ = 0;
};

// How a convolution is done: by a plan of the whole graph, or by one of the convolution alone with our kernel behind it.
struct PlanChoice {
  std::unique_ptr<CudnnPlan> plan;
  bool fused = true;
  std::string implementation;
  std::vector<Attempt> attempts;
};

// In this order: a ranked engine for the whole graph, a ranked one for the convolution alone, and the same of the fall-backs.
// Throws, naming `where`, when there is none.
PlanChoice choose_plan(PlanCache& cache, const ConvolutionGraph& graph, const std::string& where);

}  // namespace phosphene
