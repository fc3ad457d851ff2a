// Convolutions by cuDNN; depthwise ones by our own kernels (kernels/depthwise.h). They are bound by memory, and what cuDNN offers for
// channels_last float32, deterministic and without tensor cores, is made for dense ones.
#pragma once

#include "runtime/cuda/device.h"
#include "runtime/cuda/plan_cache.h"
#include "runtime/cuda/weights.h"
#include "runtime/problems/network.h"

namespace phosphene {

// What every convolution's planning shares.
struct ConvolutionPlanner {
  Device& device;
  DeviceWeights& weights;
  PlanCache& cache;
  NetworkPrecision precision;
};

PlannedTask plan_convolution(const ConvolutionPlanner& planner, const ConvolutionProblem& problem,
                             const std::string& where);
PlannedTask plan_convolution(const ConvolutionPlanner& planner, const ConvolutionBackwardProblem& problem,
                             const std::string& where);

}  // namespace phosphene
