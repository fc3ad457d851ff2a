// A Slurm cluster of several nodes on this machine, for the length of a test: munged, slurmctld and a slurmd for each node, with
// configuration, keys, sockets, logs and state in a folder of their own. It listens on the loopback interface, uses no cgroup, no systemd and nothing of
// /etc. For root and for others, who submit as themselves.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace phosphene::testing {

class SlurmCluster {
 public:
  // What this machine lacks for a cluster; "" where it has everything.
  static std::string lacks();

  // Nodes n1 ... nN, each with `cpus` places for tasks. Returns when all are idle. Throws std::runtime_error with the ends of the logs.
  SlurmCluster(int nodes, int cpus);
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;
  // Kills whatever it has started, tasks included, and removes the folder.
  ~SlurmCluster();

  // The variable by which sbatch and its like find the cluster.
  [[nodiscard]] std::string configuration() const { return folder_ + "/slurm.conf"; }

  // What a command of Slurm's prints ("squeue -h"), its errors included.
  [[nodiscard]] std::string ask(const std::string& command) const;

  // The node loses power: its daemons and tasks get SIGKILL. Slurm is told, so that what ran there is queued again at once. Returns how
  // many tasks died.
  int kill_node(const std::string& node);

  // The ends of the logs.
  [[nodiscard]] std::string logs() const;

 private:
  void configure(int nodes, int cpus) const;
  void launch(const std::string& name, const std::string& program, std::vector<std::string> arguments);
  void wait_for_munge() const;
  void wait_for_nodes(int nodes) const;
  void end() noexcept;

  std::string folder_;
  std::vector<std::pair<std::string, pid_t>> daemons_;
};

}  // namespace phosphene::testing
