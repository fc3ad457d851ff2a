#include "tests/slurm/cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace phosphene::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 30s;  // for daemons to come up

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Daemons are where users do not always look.
std::string path_of(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && access((folder + "/" + program).c_str(), X_OK) == 0) return folder + "/" + program;
  return "";
}

bool is_free(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  const bool free = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(socket);
  return free;
}

// The first of `count` in a row, below those that the system gives to connections.
int free_ports(int count) {
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const int first = 20000 + static_cast<int>(random() % 10000);
    bool free = true;
    for (int i = 0; i < count; ++i) free = free && is_free(first + i);
    if (free) return first;
  }
  throw std::runtime_error("no free ports");
}

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return std::string(name).substr(0, std::string(name).find('.'));
}

bool is_loopback(const std::string& host) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_family = AF_INET;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return false;
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  const bool loopback = (ntohl(address->sin_addr.s_addr) >> 24) == 127;
  freeaddrinfo(found);
  return loopback;
}

std::string user_name() {
  const passwd* user = getpwuid(geteuid());
  return user == nullptr ? std::to_string(geteuid()) : user->pw_name;
}

// The processes that come from this one. Orphans among them are its children (PR_SET_CHILD_SUBREAPER).
std::vector<pid_t> descendants() {
  std::multimap<pid_t, pid_t> children;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", error)) {
    const pid_t process = std::atoi(entry.path().filename().c_str());
    const std::string stat = process > 0 ? text_of(entry.path() / "stat") : "";
    const size_t end = stat.rfind(')');  // of the name, which may hold anything
    char state = 0;
    pid_t parent = 0;
    if (end != std::string::npos && std::sscanf(stat.c_str() + end + 1, " %c %d", &state, &parent) == 2 && state != 'Z')
      children.emplace(parent, process);
  }
  std::vector<pid_t> found = {getpid()};
  for (size_t i = 0; i < found.size(); ++i)
    for (auto [child, last] = children.equal_range(found[i]); child != last; ++child) found.push_back(child->second);
  found.erase(found.begin());
  return found;
}

bool has_open(pid_t process, const std::string& file) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", process), error)) {
    std::error_code gone;
    if (fs::read_symlink(entry.path(), gone) == file) return true;
  }
  return false;
}

bool has_variable(pid_t process, const std::string& variable) {
  const std::string environment = text_of(fmt::format("/proc/{}/environ", process));
  std::istringstream variables(environment);
  for (std::string one; std::getline(variables, one, '\0');)
    if (one == variable) return true;
  return false;
}

bool is_step_daemon(pid_t process) { return text_of(fmt::format("/proc/{}/comm", process)) == "slurmstepd\n"; }

void reap() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

// That nothing is left of them, not even the exit status that would let them seem to run.
void wait_for(const std::vector<pid_t>& killed) {
  const auto is_there = [](pid_t process) { return kill(process, 0) == 0; };
  for (int i = 0; i < 500 && std::any_of(killed.begin(), killed.end(), is_there); ++i) {
    reap();
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace

std::string SlurmCluster::lacks() {
  for (const char* program : {"munged", "slurmctld", "slurmd", "sbatch", "scontrol", "sinfo"})
    if (path_of(program).empty())
      return fmt::format("{} is not installed (apt-get install --no-install-recommends slurm-wlm)", program);
  return "";
}

SlurmCluster::SlurmCluster(int nodes, int cpus) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  char folder[] = "/tmp/phosphene_slurm_XXXXXX";  // names of sockets must be short
  if (mkdtemp(folder) == nullptr) throw std::runtime_error("no folder in /tmp");
  folder_ = folder;
  try {
    configure(nodes, cpus);
    launch("munged", "munged",
           {"--foreground", "--force", "--origin=127.0.0.1", "--num-threads=2", "--key-file=" + folder_ + "/munge/key",
            "--socket=" + folder_ + "/munge/sock", "--pid-file=" + folder_ + "/munge/pid",
            "--log-file=" + folder_ + "/log/munged.log", "--seed-file=" + folder_ + "/munge/seed"});
    wait_for_munge();
    launch("slurmctld", "slurmctld", {"-D"});
    for (int i = 1; i <= nodes; ++i) {
      const std::string node = fmt::format("n{}", i);
      launch(node, "slurmd", {"-D", "-N", node});
    }
    wait_for_nodes(nodes);
  } catch (const std::exception& fault) {
    const std::string what = fmt::format("{}\n{}", fault.what(), logs());
    end();
    throw std::runtime_error(what);
  }
}

SlurmCluster::~SlurmCluster() { end(); }

// Again until nothing is left: some are started in between.
void SlurmCluster::end() noexcept {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const std::vector<pid_t> left = descendants();
    if (left.empty()) break;
    for (const pid_t process : left) kill(process, SIGKILL);
    std::this_thread::sleep_for(10ms);
    reap();
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void SlurmCluster::configure(int nodes, int cpus) const {
  for (const char* name : {"munge", "run", "log", "state", "spool"}) fs::create_directories(folder_ + "/" + name);
  std::ofstream key(folder_ + "/munge/key", std::ios::binary);
  std::random_device random;
  for (int i = 0; i < 128; ++i) key.put(static_cast<char>(random()));
  key.close();
  fs::permissions(folder_ + "/munge/key", fs::perms::owner_read);
  const std::string host = host_name(), user = user_name();
  const int port = free_ports(nodes + 1);
  std::ofstream conf(configuration());
  conf << fmt::format(
      "ClusterName=phosphene\nSlurmctldHost={0}(127.0.0.1)\nSlurmctldPort={1}\nSlurmUser={2}\nSlurmdUser={2}\n", host,
      port, user);
  // Slurm listens on the address of the host's name, or on all.
  if (is_loopback(host)) conf << "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny\n";
  // What is queued again may run when its credential has expired, which usually takes two minutes.
  conf << fmt::format("AuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket={}/munge/sock,cred_expire=5\n",
                      folder_);
  conf << fmt::format(
      "StateSaveLocation={0}/state\nSlurmdSpoolDir={0}/spool/%n\nSlurmctldPidFile={0}/run/slurmctld.pid\n"
      "SlurmdPidFile={0}/run/%n.pid\nSlurmctldLogFile={0}/log/slurmctld.log\nSlurmdLogFile={0}/log/%n.log\n",
      folder_);
  conf << "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nJobAcctGatherType=jobacct_gather/none\n"
          "AccountingStorageType=accounting_storage/none\nMpiDefault=none\nMailProg=/bin/true\nSelectType=select/"
          "cons_tres\n"
          "SelectTypeParameters=CR_CPU\nSlurmdParameters=config_overrides\nPropagateResourceLimits="
          "NONE\nReturnToService=2\n"
          "SlurmdTimeout=30\nMessageTimeout=10\nKillWait=2\nMinJobAge=3600\n"
          "SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0\n";
  for (int i = 1; i <= nodes; ++i) {
    fs::create_directories(fmt::format("{}/spool/n{}", folder_, i));
    conf << fmt::format("NodeName=n{} NodeAddr=127.0.0.1 NodeHostname={} Port={} CPUs={} RealMemory=1000000\n", i, host,
                        port + i, cpus);
  }
  conf << "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n";
  // Slurm 22.05 loads a plugin for cgroups even where nothing uses them; this one looks at nothing until then.
  std::ofstream(folder_ + "/cgroup.conf") << "CgroupPlugin=cgroup/v1\n";
}

// In the background, and no longer than this process.
void SlurmCluster::launch(const std::string& name, const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), path_of(program));
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const std::string log = fmt::format("{}/log/{}.out", folder_, name);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), none = open("/dev/null", O_RDONLY);
    dup2(none, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    setenv("SLURM_CONF", configuration().c_str(), 1);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  daemons_.emplace_back(name, child);
}

void SlurmCluster::wait_for_munge() const {
  for (const Clock::time_point start = Clock::now(); Clock::now() - start < kPatience;
       std::this_thread::sleep_for(20ms))
    if (fs::is_socket(folder_ + "/munge/sock")) return;
  throw std::runtime_error("munged does not answer");
}

void SlurmCluster::wait_for_nodes(int nodes) const {
  for (const Clock::time_point start = Clock::now(); Clock::now() - start < kPatience;
       std::this_thread::sleep_for(100ms)) {
    for (const auto& [name, process] : daemons_)
      if (waitpid(process, nullptr, WNOHANG) != 0) throw std::runtime_error(name + " ended");
    const std::string idle = ask("sinfo -h -N -t idle -o node:%N");
    int found = 0;
    for (size_t at = 0; (at = idle.find("node:", at)) != std::string::npos; ++at) ++found;
    if (found == nodes) return;
  }
  throw std::runtime_error("the nodes do not come up");
}

std::string SlurmCluster::ask(const std::string& command) const {
  FILE* pipe = popen(fmt::format("SLURM_CONF='{}' timeout 20 {} 2>&1", configuration(), command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no shell");
  std::string text;
  char part[4096];
  for (size_t bytes = 0; (bytes = fread(part, 1, sizeof(part), pipe)) > 0;) text.append(part, bytes);
  pclose(pipe);
  return text;
}

// All at once, and those first that would tell slurmctld of the others' end.
int SlurmCluster::kill_node(const std::string& node) {
  std::vector<pid_t> killed;
  for (const auto& [name, process] : daemons_)
    if (name == node) killed.push_back(process);
  kill(killed.at(0), SIGKILL);
  int tasks = 0;
  for (const bool step_daemons : {true, false}) {
    for (const pid_t process : descendants()) {
      if (is_step_daemon(process) != step_daemons) continue;
      if (step_daemons ? !has_open(process, fmt::format("{}/log/{}.log", folder_, node))
                       : !has_variable(process, "SLURMD_NODENAME=" + node))
        continue;
      kill(process, SIGKILL);
      killed.push_back(process);
      tasks += step_daemons ? 0 : 1;
    }
  }
  wait_for(killed);
  const std::string said = ask("scontrol update NodeName=" + node + " State=DOWN Reason=test");
  if (!said.empty()) throw std::runtime_error(said);
  return tasks;
}

std::string SlurmCluster::logs() const {
  std::string text;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_ + "/log", error)) {
    const std::string log = text_of(entry.path());
    text += fmt::format("--- {}\n{}\n", entry.path().filename().string(),
                        log.substr(log.size() - std::min<size_t>(log.size(), 1500)));
  }
  return text;
}

}  // namespace phosphene::testing
