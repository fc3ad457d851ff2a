#include "experiment/run/work_queue.h"

#include <algorithm>
#include <utility>

#include "experiment/run/results.h"
#include "runtime/error.h"
#include "runtime/stop.h"

namespace phosphene {
namespace {

const std::string& name_of(const Job& job) { return job.names.front(); }

}  // namespace

bool Shard::holds(size_t job, size_t jobs) const {
  constexpr size_t kRounds = 8, kMost = 64;
  const auto parts = static_cast<size_t>(count);
  const size_t together = std::clamp<size_t>(jobs / (parts * kRounds), 1, kMost);
  return job / together % parts == static_cast<size_t>(index);
}

WorkQueue::WorkQueue(RunJobs& jobs, const RunFolder& folder, const Checkpoints& checkpoints, QueueOptions options,
                     std::function<Json()> work, OnSkipped on_skipped)
    : jobs_(jobs),
      folder_(folder),
      checkpoints_(checkpoints),
      options_(options),
      work_(std::move(work)),
      on_skipped_(std::move(on_skipped)) {
  for (size_t window = jobs.windows(); window > 0; --window) windows_.push_back(window - 1);
}

void WorkQueue::enter() {
  if (process_ != nullptr) return;
  process_ = std::make_unique<RunProcess>(folder_.path(), work_);
  if (options_.alone && process_->has_company()) {
    process_.reset();
    fail(folder_.path(),
         "another process works on this run, and with --autotune each would choose its own implementations; wait for "
         "its "
         "end");
  }
  claims_ = std::make_unique<Claims>(folder_.path(), *process_);
}

std::optional<ClaimedBatch> WorkQueue::next() {
  const std::lock_guard lock(mutex_);
  do {
    while (!batches_.empty()) {
      const Batch batch = std::move(batches_.back());
      batches_.pop_back();
      if (std::optional<ClaimedBatch> claimed = claim(batch)) return claimed;
    }
  } while (load_window());
  return std::nullopt;
}

// False where there is none. Jobs that others had are looked at again: they may have died, and left them.
bool WorkQueue::load_window() {
  if (windows_.empty() && claimed_any_ && !held_.empty()) {
    again_ = true;
    claimed_any_ = false;
    windows_.assign(windows_of_held_.rbegin(), windows_of_held_.rend());
    windows_of_held_.clear();
  }
  if (windows_.empty()) return false;
  window_ = windows_.back();
  windows_.pop_back();
  const JobWindow window = jobs_.window(window_);
  const std::map<Standing, std::vector<Job>> unfinished = this->unfinished(*window);
  int64_t images = 0;
  for (const auto& [standing, jobs] : unfinished)
    for (const Job& job : jobs) images += job.config.image.images;
  // So many that every worker has some, if not all.
  const int64_t each = (images + options_.workers - 1) / options_.workers;
  for (const auto& [standing, jobs] : unfinished) {
    std::vector<Batch> batches =
        pack_batches(std::make_shared<const std::vector<Job>>(jobs), std::min(options_.capacity, each));
    std::move(batches.rbegin(), batches.rend(), std::back_inserter(batches_));
  }
  return true;
}

// Jobs that this process may have to make, by where they stand.
std::map<Standing, std::vector<Job>> WorkQueue::unfinished(const std::vector<Job>& jobs) {
  const std::map<std::string, Standing> standings = checkpoints_.list();
  std::map<Standing, std::vector<Job>> unfinished;
  for (const Job& job : jobs) {
    stop_if_requested();
    if (again_ && !held_.contains(job.index)) continue;
    held_.erase(job.index);
    if (!options_.shard.holds(job.index, jobs_.size())) {
      skip(job, false);
      continue;
    }
    const auto found = standings.find(name_of(job));
    if (is_finished(folder_, job)) {
      skip(job, true);
      if (found != standings.end()) checkpoints_.remove(name_of(job));  // of a process that was killed just then
    } else {
      unfinished[found == standings.end() ? Standing() : found->second].push_back(job);
    }
  }
  return unfinished;
}

void WorkQueue::skip(const Job& job, bool finished) {
  const int64_t images = job.config.image.images;
  on_skipped_(images, static_cast<double>(images * job.config.steps_of_all_phases()), finished);
}

// Those of its jobs that are free, and stand where the first of them does. Who has the first job of a batch means to have all of them:
// two that look at once would else have a part each, of every batch.
std::optional<ClaimedBatch> WorkQueue::claim(const Batch& batch) {
  enter();
  ClaimedBatch claimed{{batch.window, {}}, {}};
  std::optional<Standing> standing;
  const std::vector<const Job*> jobs = batch.jobs();
  for (const Job* job : jobs) {
    std::optional<JobState> state;
    const bool others = !again_ && held_.contains(jobs.front()->index);
    if (others) leave(*job);
    bool ours = !others && claim(*job, state);
    const Standing own = state ? state->standing : Standing();
    if (ours && own != standing.value_or(own)) {  // another process went on with it
      claims_->give_back(name_of(*job), false);
      leave(*job);
      ours = false;
    }
    if (!ours) continue;
    standing = own;
    if (state) claimed.states.push_back(std::move(*state));
    for (const RunImage& image : batch.images)
      if (image.job == job) claimed.batch.images.push_back(image);
  }
  if (claimed.batch.images.empty()) return std::nullopt;
  claimed_any_ = true;
  return claimed;
}

// To be looked at again.
void WorkQueue::leave(const Job& job) {
  held_[job.index] = job.config.image.images;
  windows_of_held_.insert(window_);
}

// Whether the job is ours now and still to be made, and what has been made of it.
bool WorkQueue::claim(const Job& job, std::optional<JobState>& state) {
  if (!claims_->take(name_of(job))) {
    leave(job);
    return false;
  }
  if (is_finished(folder_, job)) {
    claims_->give_back(name_of(job), true);
    skip(job, true);
    return false;
  }
  state = checkpoints_.read(name_of(job));
  return true;
}

void WorkQueue::give_back(const Batch& batch, bool finished) {
  for (const Job* job : batch.jobs()) {
    if (finished) checkpoints_.remove(name_of(*job));
    claims_->give_back(name_of(*job), finished);
  }
}

int64_t WorkQueue::elsewhere() const {
  int64_t images = 0;
  for (const auto& [job, its_images] : held_) images += its_images;
  return images;
}

void WorkQueue::sweep() {
  if (!folder_.writable() || (process_ == nullptr && !folder_.holds_traces())) return;
  enter();
  checkpoints_.sweep();
  process_->forget_dead(claims_->sweep());
  claims_.reset();
  process_.reset();
}

}  // namespace phosphene
