#include "tests/reference/network_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

namespace phosphene::reference {
namespace {

// f(i) for every i below `count`, on all cores; each i writes its own plane.
template <class F>
void for_planes(int64_t count, const F& f) {
  const int64_t threads = std::min<int64_t>(count, std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::thread> team;
  for (int64_t t = 0; t < threads; ++t) {
    team.emplace_back([&f, t, threads, count] {
      for (int64_t i = t; i < count; i += threads) f(i);
    });
  }
  for (std::thread& member : team) member.join();
}

// How far the last of `taps` lies from where the window starts, and one more.
int64_t reach(int64_t taps, int64_t dilation) {
  int64_t rows = 1;
  for (int64_t tap = 1; tap < taps; ++tap) rows += dilation;
  return rows;
}

std::vector<int64_t> starts_along(int64_t size, int64_t length, int64_t stride, int64_t before, int64_t after,
                                  bool ceil) {
  std::vector<int64_t> starts;
  int64_t start = -before;
  for (; start + length <= size + after; start += stride) starts.push_back(start);
  const bool left_over = !starts.empty() && starts.back() + length < size + after;
  if (ceil && left_over && start < size) starts.push_back(start);
  return starts;
}

// Calls visit(dst row, src row, first dst column, last + 1) for the part of one tap's row of a correlation that lies inside; r and s are
// where the tap lies from the window's start.
template <class Visit>
void for_tap(const Starts& starts, const Shape& src, int64_t r, int64_t s, const Visit& visit) {
  const auto columns = static_cast<int64_t>(starts.columns.size());
  int64_t first = 0, last = columns;
  while (first < columns && starts.columns[static_cast<size_t>(first)] + s < 0) ++first;
  while (last > first && starts.columns[static_cast<size_t>(last - 1)] + s >= src.w) --last;
  for (int64_t p = 0; p < static_cast<int64_t>(starts.rows.size()); ++p) {
    const int64_t h = starts.rows[static_cast<size_t>(p)] + r;
    if (h >= 0 && h < src.h) visit(p, h, first, last);
  }
}

// The taps of window (p, q) that lie inside the image, in row-major order.
template <class Visit>
void for_window(const Starts& starts, const WindowAttributes& window, const Shape& src, int64_t p, int64_t q,
                const Visit& visit) {
  for (int64_t r = 0; r < window.r; ++r) {
    for (int64_t s = 0; s < window.s; ++s) {
      const int64_t h = starts.rows[static_cast<size_t>(p)] + r, w = starts.columns[static_cast<size_t>(q)] + s;
      if (h >= 0 && h < src.h && w >= 0 && w < src.w) visit(h * src.w + w);
    }
  }
}

Shape pooled(const Starts& starts, const Shape& src) {
  return {src.n, src.c, static_cast<int64_t>(starts.rows.size()), static_cast<int64_t>(starts.columns.size())};
}

int64_t first_maximum(const Starts& starts, const WindowAttributes& window, const Shape& src, const double* plane,
                      int64_t p, int64_t q) {
  double best = -std::numeric_limits<double>::infinity();
  int64_t where = -1;
  for_window(starts, window, src, p, q, [&](int64_t at) {
    if (plane[at] > best) {
      best = plane[at];
      where = at;
    }
  });
  return where;
}

// Taps of window (p, q) inside the image, or inside the padded image.
double count_taps(const Starts& starts, const WindowAttributes& window, const Shape& src, int64_t p, int64_t q,
                  PoolingDivisor divisor) {
  const int64_t bottom = divisor == PoolingDivisor::padded ? src.h + starts.pad_bottom : src.h;
  const int64_t right = divisor == PoolingDivisor::padded ? src.w + starts.pad_right : src.w;
  const int64_t edge = divisor == PoolingDivisor::padded ? std::numeric_limits<int64_t>::min() : 0;
  double count = 0;
  for (int64_t r = 0; r < window.r; ++r) {
    for (int64_t s = 0; s < window.s; ++s) {
      const int64_t h = starts.rows[static_cast<size_t>(p)] + r, w = starts.columns[static_cast<size_t>(q)] + s;
      if (h >= edge && h < bottom && w >= edge && w < right) ++count;
    }
  }
  return count;
}

// Calls visit(index in src, index in dst, weight) for every product of a transposed convolution: the window of src's element
// (h, w) lies at (h stride, w stride) - padding of dst.
template <class Visit>
void for_each_product(const Shape& src, const Shape& dst, const WindowAttributes& window, int64_t groups,
                      const Weights& weights, const Visit& visit) {
  const Tensor from(src), to(dst);
  const int64_t group_c = src.c / groups, group_k = dst.c / groups;
  for (int64_t n = 0; n < src.n; ++n)
    for (int64_t c = 0; c < src.c; ++c)
      for (int64_t k = c / group_c * group_k; k < (c / group_c + 1) * group_k; ++k)
        for (int64_t h = 0; h < src.h; ++h)
          for (int64_t w = 0; w < src.w; ++w)
            for (int64_t r = 0; r < window.r; ++r)
              for (int64_t s = 0; s < window.s; ++s) {
                const int64_t y = h * window.stride_h + r * window.dilation_h - window.pad_top,
                              x = w * window.stride_w + s * window.dilation_w - window.pad_left;
                if (y < 0 || y >= dst.h || x < 0 || x >= dst.w) continue;
                visit(static_cast<size_t>(from.index(n, c, h, w)), static_cast<size_t>(to.index(n, k, y, x)),
                      static_cast<double>(weights.data[((c * group_k + k % group_k) * window.r + r) * window.s + s]));
              }
}

// s_c = k + alpha * sum of squares of the channels within the radius.
std::vector<double> lrn_denominators(const Tensor& src, const LrnAttributes& a, int64_t n, int64_t position) {
  const int64_t positions = src.shape.h * src.shape.w;
  std::vector<double> s(static_cast<size_t>(src.shape.c), a.k);
  for (int64_t c = 0; c < src.shape.c; ++c) {
    for (int64_t j = std::max<int64_t>(c - a.radius, 0); j <= std::min(c + a.radius, src.shape.c - 1); ++j) {
      const double x = src.plane(n, 0)[j * positions + position];
      s[static_cast<size_t>(c)] += a.alpha * x * x;
    }
  }
  return s;
}

}  // namespace

Starts window_starts(const WindowAttributes& a, const Shape& src) {
  if (!a.same) {
    return {starts_along(src.h, reach(a.r, a.dilation_h), a.stride_h, a.pad_top, a.pad_bottom, a.ceil),
            starts_along(src.w, reach(a.s, a.dilation_w), a.stride_w, a.pad_left, a.pad_right, a.ceil), a.pad_bottom,
            a.pad_right};
  }
  // One window for every stride begun; the padding they need, the odd one behind.
  const auto padding = [](int64_t size, int64_t length, int64_t stride) {
    int64_t windows = 0;
    for (int64_t begun = 0; begun < size; begun += stride) ++windows;
    return std::max<int64_t>((windows - 1) * stride + length - size, 0);
  };
  const int64_t height = reach(a.r, a.dilation_h), width = reach(a.s, a.dilation_w);
  const int64_t rows = padding(src.h, height, a.stride_h), columns = padding(src.w, width, a.stride_w);
  return {starts_along(src.h, height, a.stride_h, rows / 2, rows - rows / 2, false),
          starts_along(src.w, width, a.stride_w, columns / 2, columns - columns / 2, false), rows - rows / 2,
          columns - columns / 2};
}

Tensor convolution(const Tensor& src, const WindowAttributes& window, int64_t groups, const Weights& weights,
                   const Weights& bias) {
  const Starts starts = window_starts(window, src.shape);
  const int64_t k_count = weights.shape[0], group_c = weights.shape[1], group_k = k_count / groups;
  Tensor dst(
      {src.shape.n, k_count, static_cast<int64_t>(starts.rows.size()), static_cast<int64_t>(starts.columns.size())});
  for_planes(src.shape.n * k_count, [&](int64_t i) {
    const int64_t n = i / k_count, k = i % k_count;
    double* out = dst.plane(n, k);
    std::fill_n(out, dst.shape.h * dst.shape.w, bias.data != nullptr ? bias.data[k] : 0.0);
    for (int64_t c = 0; c < group_c; ++c) {
      const double* in = src.plane(n, k / group_k * group_c + c);
      for (int64_t r = 0; r < window.r; ++r) {
        for (int64_t s = 0; s < window.s; ++s) {
          const double weight = weights.data[((k * group_c + c) * window.r + r) * window.s + s];
          const int64_t below = r * window.dilation_h, beside = s * window.dilation_w;
          for_tap(starts, src.shape, below, beside, [&](int64_t p, int64_t h, int64_t first, int64_t last) {
            const double* row = in + h * src.shape.w + starts.columns[0] + beside;
            double* to = out + p * dst.shape.w;
            for (int64_t q = first; q < last; ++q) to[q] += weight * row[q * window.stride_w];
          });
        }
      }
    }
  });
  return dst;
}

Tensor convolution_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window, int64_t groups,
                            const Weights& weights) {
  const Starts starts = window_starts(window, src);
  const int64_t group_c = weights.shape[1], group_k = weights.shape[0] / groups;
  Tensor grad_src(src);
  for_planes(src.n * src.c, [&](int64_t i) {
    const int64_t n = i / src.c, c = i % src.c;
    double* out = grad_src.plane(n, c);
    for (int64_t k = c / group_c * group_k; k < (c / group_c + 1) * group_k; ++k) {
      const double* in = grad_dst.plane(n, k);
      for (int64_t r = 0; r < window.r; ++r) {
        for (int64_t s = 0; s < window.s; ++s) {
          const double weight = weights.data[((k * group_c + c % group_c) * window.r + r) * window.s + s];
          const int64_t below = r * window.dilation_h, beside = s * window.dilation_w;
          for_tap(starts, src, below, beside, [&](int64_t p, int64_t h, int64_t first, int64_t last) {
            double* to = out + h * src.w + starts.columns[0] + beside;
            const double* row = in + p * grad_dst.shape.w;
            for (int64_t q = first; q < last; ++q) to[q * window.stride_w] += weight * row[q];
          });
        }
      }
    }
  });
  return grad_src;
}

Tensor transposed_convolution(const Tensor& src, const WindowAttributes& a, const Weights& weights, int64_t groups,
                              const Weights& bias, const OutputPadding& more) {
  Tensor dst({src.shape.n, weights.shape[1] * groups,
              (src.shape.h - 1) * a.stride_h + reach(a.r, a.dilation_h) - a.pad_top - a.pad_bottom + more.h,
              (src.shape.w - 1) * a.stride_w + reach(a.s, a.dilation_w) - a.pad_left - a.pad_right + more.w});
  if (bias.data != nullptr)
    for (int64_t plane = 0; plane < dst.shape.n * dst.shape.c; ++plane)
      std::fill_n(dst.plane(0, plane), dst.shape.h * dst.shape.w, bias.data[plane % dst.shape.c]);
  for_each_product(src.shape, dst.shape, a, groups, weights,
                   [&](size_t from, size_t to, double weight) { dst.data[to] += weight * src.data[from]; });
  return dst;
}

Tensor transposed_convolution_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window,
                                       const Weights& weights, int64_t groups) {
  Tensor grad_src(src);
  for_each_product(src, grad_dst.shape, window, groups, weights,
                   [&](size_t from, size_t to, double weight) { grad_src.data[from] += weight * grad_dst.data[to]; });
  return grad_src;
}

Tensor linear(const Tensor& src, const Weights& weights, const Weights& bias) {
  const int64_t inputs = src.shape.c * src.shape.h * src.shape.w, outputs = weights.shape[0];
  Tensor dst({src.shape.n, outputs, 1, 1});
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t k = 0; k < outputs; ++k) {
      double sum = bias.data != nullptr ? bias.data[k] : 0.0;
      for (int64_t i = 0; i < inputs; ++i) sum += weights.data[k * inputs + i] * src.plane(n, 0)[i];
      *dst.plane(n, k) = sum;
    }
  }
  return dst;
}

Tensor linear_backward(const Tensor& grad_dst, const Shape& src, const Weights& weights) {
  const int64_t inputs = src.c * src.h * src.w, outputs = weights.shape[0];
  Tensor grad_src(src);
  for (int64_t n = 0; n < src.n; ++n) {
    for (int64_t k = 0; k < outputs; ++k) {
      for (int64_t i = 0; i < inputs; ++i)
        grad_src.plane(n, 0)[i] += weights.data[k * inputs + i] * *grad_dst.plane(n, k);
    }
  }
  return grad_src;
}

Tensor relu(const Tensor& src) {
  Tensor dst = src;
  for (double& x : dst.data) x = std::max(x, 0.0);
  return dst;
}

Tensor relu_backward(const Tensor& grad_dst, const Tensor& src) {
  Tensor grad_src = grad_dst;
  for (size_t i = 0; i < src.data.size(); ++i) {
    if (!(src.data[i] > 0)) grad_src.data[i] = 0;
  }
  return grad_src;
}

Tensor leaky_relu(const Tensor& src, double slope) {
  Tensor dst = src;
  for (double& x : dst.data) x = std::max(x, 0.0) + slope * std::min(x, 0.0);
  return dst;
}

Tensor leaky_relu_backward(const Tensor& grad_dst, const Tensor& src, double slope) {
  Tensor grad_src = grad_dst;
  for (size_t i = 0; i < src.data.size(); ++i) {
    if (!(src.data[i] > 0)) grad_src.data[i] *= slope;
  }
  return grad_src;
}

Tensor max_pooling(const Tensor& src, const WindowAttributes& window) {
  const Starts starts = window_starts(window, src.shape);
  Tensor dst(pooled(starts, src.shape));
  for_planes(src.shape.n * src.shape.c, [&](int64_t i) {
    const double* plane = src.plane(0, i);
    for (int64_t p = 0; p < dst.shape.h; ++p) {
      for (int64_t q = 0; q < dst.shape.w; ++q) {
        dst.plane(0, i)[p * dst.shape.w + q] = plane[first_maximum(starts, window, src.shape, plane, p, q)];
      }
    }
  });
  return dst;
}

Tensor max_pooling_backward(const Tensor& grad_dst, const Tensor& src, const WindowAttributes& window) {
  const Starts starts = window_starts(window, src.shape);
  Tensor grad_src(src.shape);
  for_planes(src.shape.n * src.shape.c, [&](int64_t i) {
    const double* plane = src.plane(0, i);
    for (int64_t p = 0; p < grad_dst.shape.h; ++p) {
      for (int64_t q = 0; q < grad_dst.shape.w; ++q) {
        grad_src.plane(0, i)[first_maximum(starts, window, src.shape, plane, p, q)] +=
            grad_dst.plane(0, i)[p * grad_dst.shape.w + q];
      }
    }
  });
  return grad_src;
}

Tensor average_pooling(const Tensor& src, const WindowAttributes& window, PoolingDivisor divisor) {
  const Starts starts = window_starts(window, src.shape);
  Tensor dst(pooled(starts, src.shape));
  for_planes(src.shape.n * src.shape.c, [&](int64_t i) {
    for (int64_t p = 0; p < dst.shape.h; ++p) {
      for (int64_t q = 0; q < dst.shape.w; ++q) {
        double sum = 0;
        for_window(starts, window, src.shape, p, q, [&](int64_t at) { sum += src.plane(0, i)[at]; });
        dst.plane(0, i)[p * dst.shape.w + q] = sum / count_taps(starts, window, src.shape, p, q, divisor);
      }
    }
  });
  return dst;
}

Tensor average_pooling_backward(const Tensor& grad_dst, const Shape& src, const WindowAttributes& window,
                                PoolingDivisor divisor) {
  const Starts starts = window_starts(window, src);
  Tensor grad_src(src);
  for_planes(src.n * src.c, [&](int64_t i) {
    for (int64_t p = 0; p < grad_dst.shape.h; ++p) {
      for (int64_t q = 0; q < grad_dst.shape.w; ++q) {
        const double part =
            grad_dst.plane(0, i)[p * grad_dst.shape.w + q] / count_taps(starts, window, src, p, q, divisor);
        for_window(starts, window, src, p, q, [&](int64_t at) { grad_src.plane(0, i)[at] += part; });
      }
    }
  });
  return grad_src;
}

Tensor lrn(const Tensor& src, const LrnAttributes& a) {
  Tensor dst(src.shape);
  const int64_t positions = src.shape.h * src.shape.w;
  for_planes(src.shape.n * positions, [&](int64_t i) {
    const int64_t n = i / positions, position = i % positions;
    const std::vector<double> s = lrn_denominators(src, a, n, position);
    for (int64_t c = 0; c < src.shape.c; ++c) {
      dst.plane(n, c)[position] = src.plane(n, c)[position] / std::pow(s[static_cast<size_t>(c)], a.beta);
    }
  });
  return dst;
}

// dst_j = x_j s_j^-beta, ds_j / dx_i = 2 alpha x_i where i is within j's radius: the product rule, scattered from every j.
Tensor lrn_backward(const Tensor& grad_dst, const Tensor& src, const LrnAttributes& a) {
  Tensor grad_src(src.shape);
  const int64_t positions = src.shape.h * src.shape.w;
  for_planes(src.shape.n * positions, [&](int64_t position_of_all) {
    const int64_t n = position_of_all / positions, position = position_of_all % positions;
    const std::vector<double> s = lrn_denominators(src, a, n, position);
    for (int64_t j = 0; j < src.shape.c; ++j) {
      const double g = grad_dst.plane(n, j)[position], x = src.plane(n, j)[position], s_j = s[static_cast<size_t>(j)];
      grad_src.plane(n, j)[position] += g * std::pow(s_j, -a.beta);
      for (int64_t i = std::max<int64_t>(j - a.radius, 0); i <= std::min(j + a.radius, src.shape.c - 1); ++i) {
        const double ds = 2 * a.alpha * src.plane(n, i)[position];
        grad_src.plane(n, i)[position] += g * x * -a.beta * std::pow(s_j, -a.beta - 1) * ds;
      }
    }
  });
  return grad_src;
}

Tensor concat(const std::vector<Tensor>& src) {
  Shape shape = src.front().shape;
  shape.c = 0;
  for (const Tensor& one : src) shape.c += one.shape.c;
  Tensor dst(shape);
  int64_t offset = 0;
  for (const Tensor& one : src) {
    for (int64_t n = 0; n < shape.n; ++n)
      std::copy_n(one.plane(n, 0), one.shape.c * shape.h * shape.w, dst.plane(n, offset));
    offset += one.shape.c;
  }
  return dst;
}

std::vector<Tensor> concat_backward(const Tensor& grad_dst, const std::vector<Shape>& src) {
  std::vector<Tensor> gradients;
  int64_t offset = 0;
  for (const Shape& shape : src) {
    gradients.emplace_back(shape);
    for (int64_t n = 0; n < shape.n; ++n) {
      std::copy_n(grad_dst.plane(n, offset), shape.c * shape.h * shape.w, gradients.back().plane(n, 0));
    }
    offset += shape.c;
  }
  return gradients;
}

Tensor add(const std::vector<Tensor>& src) {
  Tensor dst(src.front().shape);
  for (const Tensor& one : src) {
    for (size_t i = 0; i < dst.data.size(); ++i) dst.data[i] += one.data[i];
  }
  return dst;
}

Tensor softmax(const Tensor& src) {
  Tensor dst(src.shape);
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t at = 0; at < src.shape.h * src.shape.w; ++at) {
      double largest = src.plane(n, 0)[at], total = 0;
      for (int64_t c = 0; c < src.shape.c; ++c) largest = std::max(largest, src.plane(n, c)[at]);
      for (int64_t c = 0; c < src.shape.c; ++c) total += std::exp(src.plane(n, c)[at] - largest);
      for (int64_t c = 0; c < src.shape.c; ++c) dst.plane(n, c)[at] = std::exp(src.plane(n, c)[at] - largest) / total;
    }
  }
  return dst;
}

// grad_src_i = sum over j of grad_dst_j dy_j / dx_i, dy_j / dx_i = y_j ([i = j] - y_i).
Tensor softmax_backward(const Tensor& grad_dst, const Tensor& src) {
  const Tensor y = softmax(src);
  Tensor grad_src(src.shape);
  for (int64_t n = 0; n < src.shape.n; ++n) {
    for (int64_t at = 0; at < src.shape.h * src.shape.w; ++at) {
      for (int64_t i = 0; i < src.shape.c; ++i) {
        for (int64_t j = 0; j < src.shape.c; ++j) {
          grad_src.plane(n, i)[at] +=
              grad_dst.plane(n, j)[at] * y.plane(n, j)[at] * ((i == j ? 1 : 0) - y.plane(n, i)[at]);
        }
      }
    }
  }
  return grad_src;
}

}  // namespace phosphene::reference
