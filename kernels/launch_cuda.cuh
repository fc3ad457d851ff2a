// The only <<<>>>: the launch shapes of launch_cpu.h on a GPU.
#pragma once

#include "kernels/host_device.h"

namespace phosphene {

inline constexpr int kCudaThreads = 256;

// Columns of one row along x, rows along y and z (a grid's y and z each end at 65535).
template <int N, class Body>
__global__ void rows_kernel(int64_t count, int first, int last, Body body) {
  const int64_t row = static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y;
  const int i = first + static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * N;
  if (row >= count) return;
  if (i + N <= last) {
    body(row, i, Lanes<N>{});
  } else {
    for (int l = 0; l < N; ++l)
      if (i + l < last) body(row, i + l, Lanes<1>{});
  }
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
__global__ void tiles_kernel(int64_t count, Body body) {
  const WarpTeam team;
  for (int64_t tile = blockIdx.x; tile < count; tile += gridDim.x) body(team, tile);
}

template <int N, class Body>
void launch_rows_cuda(cudaStream_t stream, int64_t count, int first, int last, const Body& body) {
  if (count <= 0 || last <= first) return;
  const int chunks = (last - first + N - 1) / N;
  const int threads = chunks < kCudaThreads ? (chunks + 31) / 32 * 32 : kCudaThreads;
  const int64_t y = count < 65535 ? count : 65535;
  const dim3 grid((chunks + threads - 1) / threads, static_cast<unsigned>(y),
                  static_cast<unsigned>((count + y - 1) / y));
  rows_kernel<N><<<grid, threads, 0, stream>>>(count, first, last, body);
}

template <class Body>
void launch_tiles_cuda(cudaStream_t stream, int64_t count, const Body& body) {
  if (count <= 0) return;
  tiles_kernel<<<static_cast<unsigned>(count < 65535 ? count : 65535), kSumLanes, 0, stream>>>(count, body);
}

}  // namespace phosphene
