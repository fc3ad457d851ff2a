// What the page of a run shows, as JSON: experiment/pages/report/run.js reads it.
//   config       config.json
//   records      of each picture, in the order of its job: name, picture; heading, subject if it is another, words, kind,
//                units (experiment/pages/captions.h); layer, job, image, objective, steps, seed, curve, snapshots; spectrum; thumb: sheet,
//                cell, width, height; at: its value's index on each axis
//   axes         what was swept: name, values in words; of runs that a figure can show
//   sheets       of thumbnails: file, width, height, side, across
//   photographs  of the units, by LAYER:UNIT (run_photographs.h)
//   stopped      name, reason and step of what was given up
//   spectra      a chart, as SVG
#pragma once

#include <string>

#include "loaders/json.h"

namespace phosphene {

// Runs of more pictures have no figure.
inline constexpr size_t kMostInFigure = 600;

// Runs of more pictures have thumbnails, which are made here.
inline constexpr size_t kMostWithoutThumbnails = 64;

Json report_data(const std::string& folder);

// A curve, [[step, value], ...], as text: {every, last, low, high, points}. Point i is at step i * every, the last at `last`; two
// characters say how far it lies between low and high, in 4095 parts, the higher digit first, of A-Z a-z 0-9 - _. One whose steps are
// not so, or that holds what is no number, stays as it is.
Json packed_curve(const Json& curve);

}  // namespace phosphene
