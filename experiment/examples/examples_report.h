// The crops of the examples as files, and the page that shows them.
#pragma once

#include "experiment/examples/examples_options.h"
#include "experiment/examples/unit_responses.h"
#include "experiment/photos/photo_folder.h"
#include "loaders/json.h"

namespace phosphene {

// Cuts every example of the index out of its photograph, at most 256 pixels high and wide. Each photograph is read once. A photograph
// that can no longer be read is told, and its crops are left out. False when it was asked to stop.
bool write_crops(const Json& index, const PhotoFolder& photographs, const ExamplesOptions& options);

// The finished pictures of the units in a run folder of the same model: a list of {unit, weight, objective, picture}, where a negative
// weight means that the unit was minimised. Throws if the folder is not a run, or a run of another model.
Json rendered_pictures(const std::string& run_folder, const Model& model, const UnitResponses& responses);

// Writes examples.html from the index; pictures of `rendered` are copied from their run folder. Returns the page's path.
std::string write_examples_page(const std::string& out, const Json& index, const Json& rendered,
                                const std::string& run_folder);

}  // namespace phosphene
