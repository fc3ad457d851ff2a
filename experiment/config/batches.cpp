#include "experiment/config/batches.h"

#include <map>

namespace phosphene {

std::vector<std::vector<JobImage>> pack(const std::vector<Job>& jobs, int64_t capacity) {
  std::map<std::string, size_t> order;  // of structures, as they first occur
  std::vector<std::vector<size_t>> alike;
  for (size_t j = 0; j < jobs.size(); ++j) {
    const size_t at = order.try_emplace(jobs[j].structure, order.size()).first->second;
    alike.resize(order.size());
    alike[at].push_back(j);
  }
  std::vector<std::vector<JobImage>> batches;
  for (const std::vector<size_t>& some : alike) {
    batches.emplace_back();
    for (const size_t j : some) {
      const int64_t images = jobs[j].config.image.images;
      if (!batches.back().empty() && std::ssize(batches.back()) + images > capacity) batches.emplace_back();
      for (int64_t i = 0; i < images; ++i) batches.back().push_back({j, i});
    }
  }
  return batches;
}

}  // namespace phosphene
