#include "experiment/config/config.h"

namespace phosphene {

int64_t Config::steps_before(size_t phase) const {
  int64_t sum = 0;
  for (size_t i = 0; i < phase; ++i) sum += this->phase(i).steps;
  return sum;
}

}  // namespace phosphene
