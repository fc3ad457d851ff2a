// What cuDNN needs beside libcudnn.so.9.
#pragma once

#include <string>

namespace phosphene {

// Opens it. Throws where a part is missing; returns what that costs where NVRTC is, which compiles fused convolutions, else "".
std::string open_cudnn_parts();

}  // namespace phosphene
