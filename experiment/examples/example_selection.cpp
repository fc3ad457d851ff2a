#include "experiment/examples/example_selection.h"

#include <algorithm>
#include <cmath>

#include "experiment/photos/photo_folder.h"

namespace phosphene {

void Responses::add(const Response& response) {
  const float activation = response.activation;
  if (!std::isfinite(activation)) return;
  if (!highest || activation > highest->activation) highest = response;
  if (!lowest || activation < lowest->activation) lowest = response;
  if (activation < 0 && (!below_zero || activation > below_zero->activation)) below_zero = response;
}

bool BestExamples::better(float activation, const std::string& name, const Example& than) const {
  const float other = than.response.activation;
  if (activation != other) return (activation > other) == (order_ == Order::highest);
  return name < than.photograph.name;
}

void BestExamples::offer(const Photograph& photograph, const Response& response) {
  const auto before = [this](const Example& a, const Example& b) {
    return better(a.response.activation, a.photograph.name, b);
  };
  if (heap_.size() == limit_) {
    if (limit_ == 0 || !better(response.activation, photograph.name, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), before);
    heap_.pop_back();
  }
  heap_.push_back({photograph, response});
  std::push_heap(heap_.begin(), heap_.end(), before);
}

std::vector<Example> BestExamples::sorted() const {
  std::vector<Example> examples = heap_;
  std::sort(examples.begin(), examples.end(),
            [this](const Example& a, const Example& b) { return better(a.response.activation, a.photograph.name, b); });
  return examples;
}

void PhotographSample::offer(Entry entry) {
  std::pair<uint64_t, std::string> key(name_key(entry.photograph.name), entry.photograph.name);
  if (entries_.size() == size_ && (size_ == 0 || key > entries_.rbegin()->first)) return;
  entries_.insert_or_assign(std::move(key), std::move(entry));
  if (entries_.size() > size_) entries_.erase(std::prev(entries_.end()));
}

std::vector<Example> PhotographSample::about_median(size_t unit, size_t count) const {
  std::vector<Example> examples;
  for (const auto& [key, entry] : entries_)
    if (entry.highest[unit]) examples.push_back({entry.photograph, *entry.highest[unit]});
  std::sort(examples.begin(), examples.end(), [](const Example& a, const Example& b) {
    return a.response.activation != b.response.activation ? a.response.activation < b.response.activation
                                                          : a.photograph.name < b.photograph.name;
  });
  std::vector<Example> nearest;
  if (examples.empty()) return nearest;
  const size_t middle = (examples.size() - 1) / 2;
  for (size_t step = 0; nearest.size() < count && step < examples.size(); ++step) {
    if (step <= middle) nearest.push_back(examples[middle - step]);
    if (step > 0 && middle + step < examples.size() && nearest.size() < count)
      nearest.push_back(examples[middle + step]);
  }
  return nearest;
}

void ExampleSelection::offer(const Photograph& photograph, const std::vector<Responses>& responses) {
  PhotographSample::Entry sampled{photograph, {}};
  for (size_t unit = 0; unit < units.size(); ++unit) {
    const Responses& of = responses[unit];
    if (of.highest) units[unit].highest.offer(photograph, *of.highest);
    if (of.below_zero) units[unit].below_zero.offer(photograph, *of.below_zero);
    if (of.lowest) units[unit].lowest.offer(photograph, *of.lowest);
    sampled.highest.push_back(of.highest);
  }
  sample.offer(std::move(sampled));
}

}  // namespace phosphene
