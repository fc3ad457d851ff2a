// Power spectra as a drawing.
#pragma once

#include <string>
#include <vector>

#include "experiment/pages/power_spectrum.h"

namespace phosphene {

struct SpectrumCurve {
  std::string name;
  PowerSpectrum spectrum;
};

// An SVG of power against frequency, both logarithmic, with a dashed line of 1 / f^2, which photographs follow. Stands alone as a file
// and inside a page. "" where nothing has power.
std::string spectrum_chart(const std::vector<SpectrumCurve>& curves);

}  // namespace phosphene
