// Which process makes which job of a run folder. A claim is a file in RUN/claims that exactly one process can create, on network file
// systems too: by a link, or O_EXCL. It holds the id of its process (run_processes.h). That of a process that died is not removed but followed by one
// of the next number, which again exactly one can create:
//   claims/NAME.1.claim    of a process that was killed
//   claims/NAME.2.claim    of the one that took over
// Who is wrongly taken for dead makes the same bytes as who took over, so that nothing is lost but time.
#pragma once

#include <string>
#include <vector>

#include "experiment/run/run_processes.h"

namespace phosphene {

class Claims {
 public:
  // `process`: this one. Both outlive this.
  Claims(std::string folder, const RunProcess& process);

  // True where the job of this name is ours from now on: nobody who is alive has it. Safe to call from several threads for different
  // names. Throws where the folder cannot be written.
  [[nodiscard]] bool take(const std::string& name) const;
  // Of one of ours. `finished`: nobody needs to know any more who had it before.
  void give_back(const std::string& name, bool finished) const;
  // Removes the claims of dead processes, and the folder where none stays. Returns whose claims stay.
  [[nodiscard]] std::vector<std::string> sweep() const;

 private:
  [[nodiscard]] std::string file(const std::string& name, int number) const;
  [[nodiscard]] bool create(const std::string& path) const;
  [[nodiscard]] bool is_held(const std::string& path) const;

  std::string folder_;
  const RunProcess& process_;
};

}  // namespace phosphene
