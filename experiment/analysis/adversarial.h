// Adversarial examples: a photograph, changed invisibly, that a network classifies as something else (C. Szegedy et al.,
// "Intriguing properties of neural networks", 2013). Found by the basic iterative method (A. Kurakin, I. Goodfellow and S. Bengio,
// "Adversarial examples in the physical world", 2016, targeted): every byte moves by 1 along the sign of the gradient of the target's
// log-probability, and stays within `most` of the photograph's and within 0 to 255. Pixels are bytes all along, so that what is
// classified is what the file holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "experiment/photos/photo.h"
#include "loaders/model/model.h"
#include "runtime/backend.h"

namespace phosphene {

struct AdversarialOptions {
  std::string target;  // a class's index or label
  int most = 8;        // of 255, for each byte
  int64_t steps = 64;  // at most
  double until = 0.9;  // ends when the target's probability reaches this
  std::function<void(int64_t step, double probability)> after_step = [](int64_t, double) {};
};

struct AdversarialExample {
  Photo photo, adversarial;          // of the size the network was trained at
  std::vector<float> before, after;  // probabilities of the classes
  int64_t target = 0, steps = 0;     // the class's index; the steps that were made
  [[nodiscard]] int largest_change() const;
  [[nodiscard]] bool succeeded() const;  // the target is the most probable class
};

// The photograph is squeezed into the size that the network was trained at, as `phosphene classify` does. Throws for a network
// without classes, for an unknown label, and for the class that the network sees already.
AdversarialExample make_adversarial(const Model& model, Backend& backend, const Photo& photo,
                                    const AdversarialOptions& options);

// Writes photo.png, adversarial.png, difference.png, adversarial.json and adversarial.html into a folder. Pictures are read back, and
// the change and the probabilities that are written are those of the files. Returns what the files hold.
AdversarialExample write_adversarial(const std::string& folder, const Model& model, Backend& backend,
                                     const AdversarialExample& example);

}  // namespace phosphene
