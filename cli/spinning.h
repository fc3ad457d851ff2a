// OpenMP threads that wait by spinning take the cores from other processes.
#pragma once

namespace phosphene {

// With a competing process, libgomp's spinning makes a 0.2 ms convolution take 6 ms. libgomp reads its settings before main,
// so this sets GOMP_SPINCOUNT and executes the program once more. What the user has set (GOMP_SPINCOUNT or OMP_WAIT_POLICY)
// stays.
void stop_spinning(char** argv);

}  // namespace phosphene
