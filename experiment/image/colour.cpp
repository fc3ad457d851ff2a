#include "experiment/image/colour.h"

namespace phosphene {

Value<ColourSpace> colour_value() {
  return word<ColourSpace>(
      {{"decorrelated", ColourSpace::decorrelated}, {"plain", ColourSpace::plain}, {"clipped", ColourSpace::clipped}});
}

}  // namespace phosphene
