#include "runtime/cpu/convolution_weights.h"

#include <algorithm>
#include <string>
#include <type_traits>

namespace phosphene {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
using Geometry = ConvolutionGeometry;

static_assert(std::is_trivially_copyable_v<dnnl_memory_desc_t>);

Geometry rotated(const Geometry& g) {
  const Window& w = g.window;
  Geometry r{g.dst, g.src, w, 1, g.storage};
  r.window.pad_top = w.reach_h() - 1 - w.pad_top;
  r.window.pad_left = w.reach_w() - 1 - w.pad_left;
  r.window.pad_bottom = w.reach_h() - 1 - w.pad_bottom;
  r.window.pad_right = w.reach_w() - 1 - w.pad_right;
  return r;
}

std::vector<float> rotate_weights(const Weights& weights, const Geometry& g) {
  const int64_t k_count = g.dst.c, c_count = g.src.c, taps = g.window.r * g.window.s;
  std::vector<float> rotated_weights(static_cast<size_t>(weights.elements()));
  for (int64_t k = 0; k < k_count; ++k) {
    for (int64_t c = 0; c < c_count; ++c) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        rotated_weights[static_cast<size_t>((c * k_count + k) * taps + taps - 1 - tap)] =
            weights.data[(k * c_count + c) * taps + tap];
      }
    }
  }
  return rotated_weights;
}

std::vector<float> merge_weights(const Weights& weights, const Geometry& g) {
  const int64_t merge = groups_to_merge(g), k_each = g.dst.c / g.groups, numbers = weights.elements() / g.dst.c;
  std::vector<float> merged(static_cast<size_t>(weights.elements() * merge));
  for (int64_t k = 0; k < g.dst.c; ++k) {
    const int64_t member = k / k_each % merge;
    std::copy_n(weights.data + k * numbers, numbers, merged.begin() + (k * merge + member) * numbers);
  }
  return merged;
}

// All that packing depends on besides the numbers. oneDNN's layout goes in byte by byte: equal bytes are equal layouts.
std::string name_of(const Geometry& g, WeightForm form, const memory::desc& wanted) {
  std::string name = fmt::format("convolution, form {}, {} to {} channels, {}x{}, {} groups, ", static_cast<int>(form),
                                 g.src.c, g.dst.c, g.window.r, g.window.s, g.groups);
  return name.append(reinterpret_cast<const char*>(&wanted.data), sizeof wanted.data);
}

}  // namespace

int64_t groups_to_merge(const Geometry& g) {
  constexpr int64_t kVector = 8;
  const int64_t c = g.src.c / g.groups, k = g.dst.c / g.groups;
  for (int64_t merge = 1; merge <= kVector; ++merge)
    if (g.groups % merge == 0 && c * merge % kVector == 0 && k * merge % kVector == 0) return merge;
  return 1;
}

Geometry in_form(const Geometry& g, WeightForm form) {
  if (form == WeightForm::rotated) return rotated(g);
  Geometry other = g;
  if (form == WeightForm::merged) other.groups /= groups_to_merge(g);
  return other;
}

Packed pack(PackedWeights& packed, const Weights& weights, const Geometry& g, WeightForm form,
            const memory::desc& wanted) {
  return packed.get(weights, name_of(g, form, wanted), static_cast<int64_t>(wanted.get_size()), [&](std::byte* to) {
    std::vector<float> rearranged;
    if (form == WeightForm::rotated) rearranged = rotate_weights(weights, g);
    if (form == WeightForm::merged) rearranged = merge_weights(weights, g);
    const float* numbers = form == WeightForm::plain ? weights.data : rearranged.data();
    const Geometry of = in_form(g, form);
    const memory::desc desc(of.weight_dims(), memory::data_type::f32, of.groups == 1 ? Tag::oihw : Tag::goihw);
    memory from(desc, onednn_engine(), const_cast<float*>(numbers)), into(wanted, onednn_engine(), to);
    dnnl::reorder(from, into).execute(onednn_stream(), from, into);
    onednn_stream().wait();
  });
}

}  // namespace phosphene
