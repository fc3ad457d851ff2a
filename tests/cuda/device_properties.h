// Descriptions of GPUs for cuDNN, written by hand from NVIDIA's public specifications (white papers of the architectures, the
// CUDA programming guide's table of compute capabilities), not read from devices.
#pragma once

#include <fmt/format.h>

#include <string>

namespace phosphene::testing {

struct GpuOnPaper {
  const char* name;
  int sm;  // 80 for compute capability 8.0
  int processors, shared_bytes_per_block, blocks_per_sm, threads_per_sm;
  int64_t l2_bytes;
  int clock_khz, memory_clock_khz;
  int64_t memory_bytes;
};

inline constexpr GpuOnPaper kGpus[] = {
    {"Tesla T4", 75, 40, 65536, 16, 1024, 4 << 20, 1590000, 5001000, int64_t{16} << 30},
    {"NVIDIA A100-SXM4-40GB", 80, 108, 166912, 32, 2048, 40 << 20, 1410000, 1215000, int64_t{40} << 30},
    {"NVIDIA GeForce RTX 3090", 86, 82, 101376, 16, 1536, 6 << 20, 1695000, 9751000, int64_t{24} << 30},
    {"NVIDIA GeForce RTX 4090", 89, 128, 101376, 24, 1536, 72 << 20, 2520000, 10501000, int64_t{24} << 30},
    {"NVIDIA H100 80GB HBM3", 90, 132, 232448, 32, 2048, 50 << 20, 1980000, 2619000, int64_t{80} << 30},
    {"NVIDIA B200", 100, 148, 232448, 32, 2048, 126 << 20, 1965000, 3996000, int64_t{180} << 30},
    {"NVIDIA GeForce RTX 5090", 120, 170, 101376, 24, 1536, 96 << 20, 2407000, 14001000, int64_t{32} << 30},
};

// In the form that cuDNN's DEVICEPROP descriptor takes; it names the first key that is missing.
inline std::string device_json(const GpuOnPaper& gpu) {
  return fmt::format(
      R"({{"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,)"
      R"( "multiProcessorCount": {}, "warpSize": 32, "maxSharedMemoryPerBlock": 49152,)"
      R"( "maxSharedMemoryPerBlockOptin": {}, "reservedSharedMemoryPerBlock": {}, "maxRegistersPerSM": 65536,)"
      R"( "maxCtasPerSM": {}, "maxThreadsPerBlock": 1024, "maxThreadsPerSM": {}, "pciDeviceId": 0, "isTccDriver": 0,)"
      R"( "supportCoopLaunch": 1, "totalGlobalMem": {}, "smClockRateKHz": {}, "memClockRateKHz": {},)"
      R"( "l2CacheSize": {}, "cudaDeviceId": 0, "deviceVer": {}, "driverVer": 13000, "deviceName": "{}"}})",
      gpu.processors, gpu.shared_bytes_per_block, gpu.sm >= 80 ? 1024 : 0, gpu.blocks_per_sm, gpu.threads_per_sm,
      gpu.memory_bytes, gpu.clock_khz, gpu.memory_clock_khz, gpu.l2_bytes, gpu.sm * 10, gpu.name);
}

}  // namespace phosphene::testing
