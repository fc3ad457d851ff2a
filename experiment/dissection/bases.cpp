#include "experiment/dissection/bases.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiment/dissection/rotation.h"
#include "loaders/file_digest.h"
#include "loaders/safetensors.h"
#include "runtime/error.h"
#include "runtime/printable.h"

namespace phosphene {
namespace {

// Of each direction as many draws as a counter has.
constexpr size_t kMostRows = size_t{1} << 20;

void check(const DissectOptions& options) {
  for (size_t i = 0; i < options.rotations.size(); ++i)
    if (std::count(options.rotations.begin(), options.rotations.end(), options.rotations[i]) > 1)
      fail("--rotations", "the seed {} is given twice", options.rotations[i]);
  for (const double alpha : options.alphas) {
    if (!(alpha >= 0 && alpha <= 1)) fail("--alphas", "expected numbers from 0 to 1, got {}", alpha);
    if (std::count(options.alphas.begin(), options.alphas.end(), alpha) > 1)
      fail("--alphas", "{} is given twice", alpha);
  }
}

void add_rows(const std::vector<double>& rows, Basis basis, LayerMaps& maps, std::vector<Basis>& bases) {
  basis.first = maps.rows();
  basis.count = rows.size() / static_cast<size_t>(maps.channels());
  if (maps.rows() + basis.count > kMostRows)
    fail("dissection", "more than {} units and directions are too many at once", kMostRows);
  maps.add_directions({rows.begin(), rows.end()});
  bases.push_back(std::move(basis));
}

void add_rotations(const DissectOptions& options, LayerMaps& maps, std::vector<Basis>& bases) {
  const auto n = static_cast<size_t>(maps.channels());
  for (size_t i = 0; i < options.rotations.size(); ++i) {
    if (options.progress != nullptr && options.progress->due())
      options.progress->on_status(fmt::format("rotating {} channels: {}/{} rotations", n, i, options.rotations.size()),
                                  -1);
    const RotationPowers powers(random_rotation(n, options.rotations[i]), n);
    for (const double alpha : options.alphas) {
      if (alpha == 0) continue;
      const std::vector<double> q = powers.power(alpha);
      std::vector<double> rows;
      for (const int64_t unit : maps.units())
        rows.insert(rows.end(), q.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(unit) * n),
                    q.begin() + static_cast<ptrdiff_t>((static_cast<size_t>(unit) + 1) * n));
      Basis basis;
      basis.kind = BasisKind::rotation;
      basis.alpha = alpha;
      basis.seed = options.rotations[i];
      basis.mean_diagonal = mean_diagonal(q, n);
      add_rows(rows, std::move(basis), maps, bases);
    }
  }
}

// Checked before a sum is taken: a direction without a length says nothing.
void check_direction(const std::vector<float>& numbers, size_t row, size_t n, const std::string& place) {
  double square = 0;
  for (size_t i = 0; i < n; ++i) square += std::pow(static_cast<double>(numbers[row * n + i]), 2);
  if (!(square > 0 && std::isfinite(square)))
    fail(place, "row {} is {}; expected a direction", row, square == 0 ? "zero" : "not finite");
}

void add_file(const DissectOptions& options, LayerMaps& maps, std::vector<Basis>& bases) {
  const Safetensors file = Safetensors::open(options.directions);
  const auto n = static_cast<size_t>(maps.channels());
  Basis basis;
  basis.kind = BasisKind::file;
  std::vector<double> rows;
  for (const auto& [name, entry] : file.entries()) {
    const std::string place = fmt::format("{}: '{}'", options.directions, printable(name));
    const bool one = entry.shape.size() == 1, several = entry.shape.size() == 2;
    if ((!one && !several) || entry.shape.back() != maps.channels())
      fail(place, "expected {0} numbers, or rows of {0}: so many channels '{1}' has", n, maps.layer());
    const std::vector<float> numbers = file.tensor(name).data;
    for (size_t row = 0; row * n < numbers.size(); ++row) {
      check_direction(numbers, row, n, place);
      basis.names.push_back(one ? name : fmt::format("{}:{}", name, row));
    }
    rows.insert(rows.end(), numbers.begin(), numbers.end());
  }
  if (rows.empty()) fail(options.directions, "holds no directions");
  add_rows(rows, std::move(basis), maps, bases);
}

}  // namespace

std::string name_of(BasisKind kind) {
  constexpr const char* kNames[] = {"units", "rotation", "random", "file"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<Basis> add_bases(const DissectOptions& options, LayerMaps& maps) {
  check(options);
  std::vector<Basis> bases(1);
  bases.front().count = maps.units().size();
  add_rotations(options, maps, bases);
  if (options.random > 0) {
    Basis basis;
    basis.kind = BasisKind::random;
    basis.seed = options.seed;
    add_rows(random_directions(static_cast<size_t>(maps.channels()), static_cast<size_t>(options.random), options.seed),
             std::move(basis), maps, bases);
  }
  if (!options.directions.empty()) add_file(options, maps, bases);
  return bases;
}

Json bases_asked(const DissectOptions& options) {
  Json asked = {{"rotations", options.rotations}, {"random", options.random}};
  asked["alphas"] = options.rotations.empty() ? Json::array() : Json(options.alphas);
  asked["directions"] = options.directions.empty() ? Json() : Json(digest_of(options.directions).hash);
  return asked;
}

}  // namespace phosphene
