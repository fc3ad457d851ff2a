// The only launches on a GPU: the shapes of launch_cpu.h as grids.
#pragma once

#include <cuda_runtime.h>

#include <concepts>
#include <type_traits>

#include "kernels/host_device.h"

namespace phosphene {

inline constexpr int kCudaThreads = 256;
inline constexpr int64_t kCudaTiles = 65535;  // blocks of a grid; each takes every kCudaTiles-th tile

// A block is as wide as a row, up to kCudaThreads, and as high as still fits: no thread of a narrow row idles. Rows lie along x of
// the grid, which has room for them all; what is left of a wide row lies along y.
// `last - first` is a multiple of N.
template <int N, class Body>
__global__ void rows_kernel(int64_t count, int first, int last, const __grid_constant__ Body body) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
  const int i = first + static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * N;
  if (row < count && i < last) body(row, i, Lanes<N>{});
}

// One warp; every member must be called by all 32 threads.
struct WarpTeam {
  template <class Term>
  __device__ float sum(int64_t count, const Term& term) const {
    float total = 0.F;
    for (int64_t i = threadIdx.x; i < count; i += kSumLanes) total += term(i);
    for (int width = kSumLanes / 2; width > 0; width /= 2) total += __shfl_down_sync(0xffffffffU, total, width);
    return __shfl_sync(0xffffffffU, total, 0);
  }
  template <class Term>
  __device__ float maximum(int64_t count, const Term& term) const {
    float largest = -__builtin_inff();
    for (int64_t i = threadIdx.x; i < count; i += kSumLanes) largest = term(i) > largest ? term(i) : largest;
    for (int width = kSumLanes / 2; width > 0; width /= 2) {
      const float other = __shfl_down_sync(0xffffffffU, largest, width);
      largest = other > largest ? other : largest;
    }
    return __shfl_sync(0xffffffffU, largest, 0);
  }
  template <class Visit>
  __device__ void for_each(int64_t count, const Visit& visit) const {
    for (int64_t i = threadIdx.x; i < count; i += kSumLanes) visit(i);
  }
  template <class Action>
  __device__ void once(const Action& action) const {
    if (threadIdx.x == 0) action();
  }
};

template <class Body>
__global__ void tiles_kernel(int64_t count, const __grid_constant__ Body body) {
  const WarpTeam team;
  for (int64_t tile = blockIdx.x; tile < count; tile += gridDim.x) body(team, tile);
}

// How many elements one thread handles: `Body::gpu_lanes` where the body has it and says, by `wide()`, that every address
// it touches is then aligned to as many floats; else 1, which coalesces.
template <class Body>
concept WideOnGpu = requires(const Body& body) {
  Body::gpu_lanes;
  { body.wide() } -> std::same_as<bool>;
};

// By the runtime's call and not by <<<>>>, so that any C++ compiler can read this file.
template <class... Arguments>
cudaError_t launch_kernel(void (*kernel)(Arguments...), dim3 grid, dim3 block, cudaStream_t stream,
                          std::type_identity_t<Arguments>... arguments) {
  void* pointers[] = {static_cast<void*>(&arguments)...};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, pointers, 0, stream);
}

struct RowsShape {
  dim3 grid, block;
};

// For `chunks` threads a row: equal parts of a row that is wider than a block, in whole warps.
inline RowsShape shape_of_rows(int64_t count, int chunks) {
  constexpr int kWarp = 32;
  const int parts = (chunks + kCudaThreads - 1) / kCudaThreads;
  const int whole = ((chunks + parts - 1) / parts + kWarp - 1) / kWarp * kWarp;
  const int wide = parts > 1 ? whole : chunks;
  const int64_t fitting = kCudaThreads / wide;
  const int64_t high = count < fitting ? count : fitting;
  return {dim3(static_cast<unsigned>((count + high - 1) / high), static_cast<unsigned>((chunks + wide - 1) / wide)),
          dim3(static_cast<unsigned>(wide), static_cast<unsigned>(high))};
}

template <int N, class Body>
cudaError_t launch_rows_cuda(cudaStream_t stream, int64_t count, int first, int last, const Body& body) {
  const RowsShape shape = shape_of_rows(count, (last - first + N - 1) / N);
  return launch_kernel(&rows_kernel<N, Body>, shape.grid, shape.block, stream, count, first, last, body);
}

template <class Body>
cudaError_t launch_rows_cuda(cudaStream_t stream, int64_t count, int first, int last, const Body& body) {
  if (count <= 0 || last <= first) return cudaSuccess;
  if constexpr (WideOnGpu<Body>) {
    if (body.wide() && first % Body::gpu_lanes == 0 && last % Body::gpu_lanes == 0)
      return launch_rows_cuda<Body::gpu_lanes>(stream, count, first, last, body);
  }
  return launch_rows_cuda<1>(stream, count, first, last, body);
}

template <class Body>
cudaError_t launch_tiles_cuda(cudaStream_t stream, int64_t count, const Body& body) {
  if (count <= 0) return cudaSuccess;
  const auto tiles = static_cast<unsigned>(count < kCudaTiles ? count : kCudaTiles);
  return launch_kernel(&tiles_kernel<Body>, dim3(tiles), dim3(kSumLanes), stream, count, body);
}

}  // namespace phosphene
