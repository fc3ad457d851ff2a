// A list of random transforms, drawn and composed into one matrix per image and step.
//
// Each step maps an output position to the input position it reads; the matrix of the list is the product of the steps' matrices
// in the order of application, first step leftmost (h, w the size before the step, rows first):
//   pad p: translate by -p                  jitter: translate by (r, c), each uniform on {0 .. amount}; size - amount
//   scale s: diag(h / h2, w / w2), h2 = int(s h)      crop to h2 x w2: translate by floor((h - h2) / 2), floor((w - w2) / 2)
//   rotate t: [cos t, sin t, cy - cy cos t - cx sin t; -sin t, cos t, cx + cy sin t - cx cos t], cy = (h - 1) / 2, cx = (w - 1) / 2
// A list that does not end at the network's size is cropped (or padded) to it about its centre. In double.
#pragma once

#include "kernels/angles.h"
#include "kernels/host_device.h"
#include "kernels/numbers.h"
#include "kernels/parameters.h"
#include "kernels/philox.h"

namespace phosphene {

// The state of a composition: the matrix so far, and the size the next step sees.
struct TransformComposition {
  double m[6] = {1, 0, 0, 0, 1, 0};
  int h, w;

  PHOSPHENE_HD TransformComposition(int rows, int columns) : h(rows), w(columns) {}

  PHOSPHENE_HD void multiply(const double (&s)[6]) {
    for (int row = 0; row < 2; ++row) {
      double* r = m + 3 * row;
      const double a = r[0] * s[0] + r[1] * s[3];
      const double b = r[0] * s[1] + r[1] * s[4];
      r[2] += r[0] * s[2] + r[1] * s[5];
      r[0] = a;
      r[1] = b;
    }
  }
  PHOSPHENE_HD void translate(int rows, int columns) {
    const double s[6] = {1, 0, static_cast<double>(rows), 0, 1, static_cast<double>(columns)};
    multiply(s);
  }
  PHOSPHENE_HD void pad(int amount) {
    translate(-amount, -amount);
    h += 2 * amount;
    w += 2 * amount;
  }
  PHOSPHENE_HD void jitter(int amount, int row, int column) {
    translate(row, column);
    h -= amount;
    w -= amount;
  }
  PHOSPHENE_HD void scale(float factor) {
    const int new_h = larger(1, static_cast<int>(factor * static_cast<float>(h)));
    const int new_w = larger(1, static_cast<int>(factor * static_cast<float>(w)));
    const double s[6] = {static_cast<double>(h) / new_h, 0, 0, 0, static_cast<double>(w) / new_w, 0};
    multiply(s);
    h = new_h;
    w = new_w;
  }
  PHOSPHENE_HD void rotate(double radians) {
    const auto [s, c] = sine_cosine(radians);
    const double cy = (h - 1) / 2.0, cx = (w - 1) / 2.0;
    const double r[6] = {c, s, cy - cy * c - cx * s, -s, c, cx + cy * s - cx * c};
    multiply(r);
  }
  PHOSPHENE_HD void crop(int rows, int columns) {
    translate(floor_half(h - rows), floor_half(w - columns));
    h = rows;
    w = columns;
  }

  PHOSPHENE_HD static int floor_half(int difference) {
    return difference >= 0 ? difference / 2 : -((1 - difference) / 2);
  }
};

struct DrawTransforms {
  static constexpr int cpu_lanes = 1;
  const DrawKey* keys;
  const int64_t* step;
  const float* choices;
  double* matrices;
  TransformStep steps[kTransformSteps];
  int step_count;
  int height, width, network_height, network_width;
  bool shared;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int /*i*/, Lanes<N>) const {
    DrawKey key = keys[image];
    if (shared) key.image = 0;
    TransformComposition composition(height, width);
    for (int s = 0; s < step_count; ++s) {
      apply(composition, steps[s],
            draw(key, static_cast<uint32_t>(*step), DrawPurpose::transform, static_cast<uint32_t>(s)));
    }
    if (composition.h != network_height || composition.w != network_width)
      composition.crop(network_height, network_width);
    for (int e = 0; e < 6; ++e) matrices[image * 6 + e] = composition.m[e];
  }

  PHOSPHENE_HD void apply(TransformComposition& composition, const TransformStep& s, const Philox4x32& words) const {
    switch (s.kind) {
      case TransformKind::pad:
        composition.pad(s.amount);
        break;
      case TransformKind::jitter:
        composition.jitter(s.amount, pick(words.word[0], s.amount + 1), pick(words.word[1], s.amount + 1));
        break;
      case TransformKind::scale:
        composition.scale(number(s, words.word[0]));
        break;
      case TransformKind::rotate:
        composition.rotate(static_cast<double>(number(s, words.word[0])) * 0.017453292519943295);
        break;
      case TransformKind::crop:
        composition.crop(s.height, s.width);
        break;
    }
  }

  // Uniform on {0 .. count - 1}.
  PHOSPHENE_HD static int pick(uint32_t word, int count) {
    return static_cast<int>(static_cast<uint64_t>(word) * static_cast<uint64_t>(count) >> 32);
  }
  PHOSPHENE_HD float number(const TransformStep& s, uint32_t word) const {
    if (s.choice_count > 0) return choices[s.first_choice + pick(word, s.choice_count)];
    return s.low + (s.high - s.low) * uniform(word);
  }
};

// Recorded matrices instead of drawn ones: recorded is T x R x 6, R = 1 or one per image; the last step repeats.
struct ReplayTransforms {
  static constexpr int cpu_lanes = 1;
  const double* recorded;
  const int64_t* step;
  double* matrices;
  int64_t steps, images;

  template <int N>
  PHOSPHENE_HD void operator()(int64_t image, int e, Lanes<N>) const {
    const int64_t at = (smaller(*step, steps - 1) * images + (images == 1 ? 0 : image)) * 6 + e;
    for (int l = 0; l < N; ++l) matrices[image * 6 + e + l] = recorded[at + l];
  }
};

}  // namespace phosphene
