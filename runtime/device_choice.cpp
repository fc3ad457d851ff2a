#include "runtime/device_choice.h"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "runtime/cpu/autotune.h"
#include "runtime/cpu/cpu_backend.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

constexpr const char* kModule = "libphosphene_cuda.so";
// So many that the work of a step outweighs its launches by far (docs/gpu-roofline.md). Not measured.
constexpr int64_t kBatchOfAGpu = 32;

// Beside the program, or in the folder lib next to its own; $PHOSPHENE_CUDA_MODULE says another place. "" when there is none.
std::string module_path() {
  if (const char* path = std::getenv("PHOSPHENE_CUDA_MODULE"); path != nullptr && *path != '\0') return path;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {".", "../lib/phosphene", "../lib"}) {
    const std::filesystem::path path = folder / place / kModule;
    if (std::filesystem::exists(path, error)) return path.lexically_normal();
  }
  return "";
}

// A cheap check before CUDA's libraries are loaded: they are useless without the driver.
bool driver_is_there() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver != nullptr) dlclose(driver);
  return driver != nullptr;
}

// The module stays open until the program ends: backends' code lies in it.
class CudaModule {
 public:
  // Null, with the reason, when it cannot be opened.
  static const CudaModule* open(std::string& reason) {
    static CudaModule module;
    if (module.handle_ == nullptr && module.failure_.empty()) module.load();
    reason = module.failure_;
    return module.failure_.empty() ? &module : nullptr;
  }

  bool (*device)(int, std::string*) = nullptr;
  Backend* (*backend)(const DeviceOptions*, int) = nullptr;

 private:
  void load() {
    const std::string path = module_path();
    if (path.empty()) {
      failure_ = fmt::format("this build has no {}", kModule);
      return;
    }
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) {
      failure_ = dlerror();
      return;
    }
    const auto build = reinterpret_cast<const char* (*)()>(dlsym(handle_, "phosphene_cuda_build"));
    device = reinterpret_cast<decltype(device)>(dlsym(handle_, "phosphene_cuda_device"));
    backend = reinterpret_cast<decltype(backend)>(dlsym(handle_, "phosphene_cuda_backend"));
    if (build == nullptr || device == nullptr || backend == nullptr) {
      failure_ = path + " is not a module of this program";
    } else if (std::string(build()) != PHOSPHENE_VERSION) {
      failure_ = fmt::format("{} is of version {}, this program of {}", path, build(), PHOSPHENE_VERSION);
    }
  }

  void* handle_ = nullptr;
  std::string failure_;
};

// With `auto`, false and the reason where it cannot be used: its memory is full, it belongs to another process, a library is missing.
bool open_gpu(const CudaModule& module, const DeviceOptions& options, int gpu, DeviceChoice& choice,
              std::string& reason) {
  try {
    choice.backend.reset(module.backend(&options, gpu));
  } catch (const Error& error) {
    if (options.device != "auto") throw;
    reason = error.what();
    choice.note = fmt::format("on the CPU, as the GPU cannot be used: {}", reason);
    return false;
  }
  choice.batch = kBatchOfAGpu;
  choice.note = choice.backend->warning();
  return true;
}

// Which GPU "cuda:1" is; 0 for the words without a number.
int gpu_of(const std::string& device) {
  constexpr std::string_view kNumbered = "cuda:";
  if (device == "auto" || device == "cpu" || device == "cuda") return 0;
  int gpu = -1;
  const char* end = device.data() + device.size();
  if (device.starts_with(kNumbered)) {
    const auto [rest, error] = std::from_chars(device.data() + kNumbered.size(), end, gpu);
    if (error == std::errc() && rest == end && gpu >= 0) return gpu;
  }
  fail("--device", "'{}' is not one of auto, cpu, cuda, cuda:0, cuda:1 ...{}", device,
       suggestion(device, {"auto", "cpu", "cuda"}));
}

}  // namespace

DeviceChoice choose_device(const DeviceOptions& options) {
  const std::string& device = options.device;
  const int gpu = gpu_of(device);
  const bool demanded = device != "auto";
  DeviceChoice choice;
  if (device != "cpu") {
    std::string reason = "there is no NVIDIA driver";
    if (demanded || driver_is_there()) {
      const CudaModule* module = CudaModule::open(reason);
      if (module != nullptr && module->device(gpu, &reason) && open_gpu(*module, options, gpu, choice, reason)) {
        if (options.verbose)
          choice.note = fmt::format("on a GPU: {}{}{}", choice.backend->description(), choice.note.empty() ? "" : "; ",
                                    choice.note);
        return choice;
      }
      if (demanded) fail("--device " + device, "{}", reason);
    }
    if (options.verbose && choice.note.empty()) choice.note = fmt::format("on the CPU: {}", reason);
  }
  std::shared_ptr<Autotune> autotune;
  if (options.autotune) autotune = std::make_shared<Autotune>(options.choices, Autotune::default_file());
  choice.autotuned = options.autotune;
  choice.threads = cpu_threads(options.threads);
  choice.backend = make_cpu_backend(options.threads, std::move(autotune));
  return choice;
}

}  // namespace phosphene
