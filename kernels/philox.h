// Philox4x32-10, a counter-based random generator: J. K. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
// SC 2011, section 3. Every draw is a function of (seed, image, step, purpose) and of nothing else, so neither the slot in a
// batch, nor the jobs beside it, nor the thread, nor the machine can change it.
#pragma once

#include "kernels/host_device.h"
#include "kernels/parameters.h"

namespace phosphene {

struct Philox4x32 {
  uint32_t word[4];
};

PHOSPHENE_HD Philox4x32 philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key) {
  uint32_t k0 = static_cast<uint32_t>(key);
  uint32_t k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53U} * c0;
    const uint64_t b = uint64_t{0xCD9E8D57U} * c2;
    const uint32_t n0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
    const uint32_t n2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(b);
    c3 = static_cast<uint32_t>(a);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return {{c0, c1, c2, c3}};
}

// The `index`-th block of four words of one purpose at one step. A purpose may use 2^24 blocks of one step.
PHOSPHENE_HD Philox4x32 draw(const DrawKey& key, uint32_t step, DrawPurpose purpose, uint32_t index) {
  return philox4x32(index | static_cast<uint32_t>(purpose) << 24, step, static_cast<uint32_t>(key.image),
                    static_cast<uint32_t>(key.image >> 32), key.seed);
}

// Uniform on [0, 1): the upper 24 bits, so that a float holds it exactly.
PHOSPHENE_HD float uniform(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24F; }

}  // namespace phosphene
