// What a GPU can do at best.
#pragma once

#include "runtime/cuda/device.h"

namespace phosphene {

// cuBLAS's product of square matrices in the precision that convolutions have, and copies within the GPU's memory.
Peaks measure_cuda_peaks(Device& device, DType storage, bool tf32);

}  // namespace phosphene
