#include "experiment/image/transparency.h"

namespace phosphene {

Value<Transparency> transparency_value() {
  using Background = Transparency::Background;
  const Object<Background> background(
      "The random image behind a transparent one.",
      {key("sd", &Background::sd, number(0, 100),
           "Standard deviation of its spectrum's coefficients: a larger one gives more contrast."),
       key("decay_power", &Background::decay_power, number(0, 10),
           "Each coefficient is divided by its frequency to this power: a larger one is smoother.")});
  const Object<Transparency> transparency(
      "An alpha channel. The image is optimised transparent, and at each step the network sees it over another random "
      "image. Pictures are saved with alpha; penalties read the colours alone, and `mean_alpha` reads the alpha "
      "channel. It is the same in all phases, which must keep parameterization, colour and size, and it excludes a "
      "CPPN, a prior and a photograph as the start.",
      {key("gamma", &Transparency::gamma, boolean(),
           "Compose in linear light (power 2.2). Otherwise soft edges darken."),
       key("background", &Transparency::background, background.value(), "The random image behind it.")
           .by_default("{}")});
  return transparency.value();
}

}  // namespace phosphene
