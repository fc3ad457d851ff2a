#include "experiment/pages/power_spectrum_json.h"

#include <limits>

namespace phosphene {

Json to_json(const PowerSpectrum& spectrum) {
  Json rings = Json::array();
  for (size_t i = 0; i < spectrum.power.size(); ++i) rings.push_back({spectrum.frequency[i], spectrum.power[i]});
  // A slope that is not finite is written as null.
  return {{"slope", spectrum.slope}, {"high_frequency_share", spectrum.high_frequency_share}, {"rings", rings}};
}

PowerSpectrum spectrum_from(const Json& json) {
  PowerSpectrum spectrum;
  for (const Json& ring : json.at("rings")) {
    spectrum.frequency.push_back(ring.at(0));
    spectrum.power.push_back(ring.at(1));
  }
  const Json& slope = json.at("slope");
  spectrum.slope = slope.is_null() ? std::numeric_limits<double>::quiet_NaN() : slope.get<double>();
  spectrum.high_frequency_share = json.at("high_frequency_share");
  return spectrum;
}

}  // namespace phosphene
