// libFuzzer: any text as the configuration of a Keras model. README.md beside it says how to build and run it.
#include <nlohmann/json.hpp>

#include "loaders/json_reader.h"
#include "loaders/keras/model_config.h"
#include "runtime/error.h"

namespace phosphene {
namespace {

class AnyWeights final : public keras::LayerWeights {
 public:
  std::vector<source::Constant> read(const std::vector<keras::Step>&, const std::vector<std::string>& names) override {
    return {names.size(), source::Constant::of(std::vector<float>{1}, {1})};
  }
};

}  // namespace
}  // namespace phosphene

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kDeepest = 100;
  phosphene::source::Network network;
  network.path = "fuzz.keras";
  phosphene::AnyWeights weights;
  try {
    const phosphene::Json config =
        phosphene::parse_json({reinterpret_cast<const char*>(data), size}, network.path, kDeepest);
    phosphene::keras::add_model(network, config, weights);
    phosphene::source::check(network);
  } catch (const phosphene::Error& error) {
    if (error.blame() != phosphene::Blame::user) __builtin_trap();
  }
  return 0;
}
