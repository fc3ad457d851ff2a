// A power spectrum in the record of a picture: {"slope", "high_frequency_share", "rings": [[cycles per pixel, power], ...]}.
#pragma once

#include "experiment/config/config.h"
#include "experiment/pages/power_spectrum.h"

namespace phosphene {

Json to_json(const PowerSpectrum& spectrum);
PowerSpectrum spectrum_from(const Json& json);

}  // namespace phosphene
