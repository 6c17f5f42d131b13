#include "apps/zener/band_queue.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <utility>

namespace zener {
namespace {

std::int64_t atoms_of(const BandTask &task) {
  return static_cast<std::int64_t>(task.images.size() * task.images.front().size());
}

} // namespace

std::vector<Atoms> straight_path(const Atoms &first, const Atoms &last, int images) {
  if (first.size() != last.size()) {
    throw InvariantError("the ends of a path have unequal numbers of atoms");
  }
  std::vector<Atoms> out(static_cast<std::size_t>(images), first);
  for (std::size_t m = 0; m < out.size(); ++m) {
    const double share = static_cast<double>(m + 1) / (images + 1);
    for (std::size_t i = 0; i < first.size(); ++i) {
      for (std::size_t d = 0; d < 3; ++d) {
        out[m].position_A[i][d] += share * (last.position_A[i][d] - first.position_A[i][d]);
      }
    }
  }
  return out;
}

std::int64_t suitable_atoms(const std::optional<std::int64_t> &asked, const DeviceInfo &device, const std::string &backend) {
  return asked.value_or(std::max<std::int64_t>(1, device.units) * (backend == "cpu" ? 2048 : 8192));
}

BandQueue::BandQueue(MakeAtoms make, BandsPlan settings, std::int64_t atoms_at_once)
    : make_(std::move(make)), settings_(std::move(settings)), atoms_at_once_(atoms_at_once) {}

std::size_t BandQueue::add(BandTask task) {
  if (task.images.empty() || task.images.size() != static_cast<std::size_t>(task.ends.images)) {
    throw InvariantError("a band needs as many images as its ends say");
  }
  Active entry;
  entry.number = added_;
  entry.task = std::move(task);
  waiting_.push_back(std::move(entry));
  return added_++;
}

// A new batch of the bands that go on, with their states, and of those that now have room.
void BandQueue::enter() {
  std::int64_t atoms = 0;
  for (const Active &band : active_) {
    atoms += atoms_of(band.task);
  }
  while (!waiting_.empty() && (active_.empty() || atoms + atoms_of(waiting_.front().task) <= atoms_at_once_)) {
    atoms += atoms_of(waiting_.front().task);
    active_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  systems_.clear();
  for (const Active &band : active_) {
    systems_.insert(systems_.end(), band.task.images.begin(), band.task.images.end());
  }
  batch_ = make_(systems_);
  if (std::none_of(active_.begin(), active_.end(), [](const Active &band) { return band.kept; })) {
    return;
  }
  DynamicsState state = batch_->save();
  std::size_t system = 0;
  for (const Active &band : active_) {
    for (std::size_t image = 0; image < band.task.images.size(); ++image, ++system) {
      if (band.kept) {
        copy_system(kept_, kept_systems_, band.kept_at + image, state, systems_, system);
      }
    }
  }
  batch_->load(state);
}

std::vector<BandResult> BandQueue::leave(const BandsReport &report) {
  std::vector<BandResult> results;
  std::vector<Active> rest;
  std::vector<std::size_t> begins; // first systems of the rest
  const bool lost = report.lost_system >= 0;
  const std::vector<Atoms> now = lost ? std::vector<Atoms>{} : batch_->atoms();
  std::size_t system = 0;
  for (std::size_t b = 0; b < active_.size(); ++b) {
    Active &band = active_[b];
    const std::size_t images = band.task.images.size();
    const auto at = static_cast<std::int64_t>(system);
    BandResult result;
    result.task = band.number;
    result.lost = lost && report.lost_system >= at && report.lost_system < at + static_cast<std::int64_t>(images);
    if (!lost) {
      force_calls_ += (report.bands[b].progress.steps - band.progress.steps) * static_cast<std::int64_t>(images);
    }
    if (result.lost) {
      results.push_back(std::move(result));
    } else if (!lost && report.bands[b].status != BandReport::Status::running) {
      result.report = report.bands[b];
      for (std::size_t image = 0; image < images; ++image) {
        result.images.push_back(now[system + image]);
      }
      results.push_back(std::move(result));
    } else {
      // Where another band was lost the batch is of no use: this one goes back to where it entered, which kept_ still holds.
      band.progress = lost ? band.entry : report.bands[b].progress;
      rest.push_back(std::move(band));
      begins.push_back(system);
    }
    system += images;
  }
  active_ = std::move(rest);
  if (results.empty()) {
    return results;
  }
  if (!lost) {
    kept_ = batch_->save();
    kept_systems_ = std::move(systems_);
    for (std::size_t b = 0; b < active_.size(); ++b) {
      active_[b].entry = active_[b].progress;
      active_[b].kept = true;
      active_[b].kept_at = begins[b];
    }
  }
  batch_.reset();
  return results;
}

std::vector<BandResult> BandQueue::next(const std::function<bool()> &go_on) {
  while (unfinished() > 0) {
    if (batch_ == nullptr) {
      enter();
    }
    BandsPlan plan = settings_;
    plan.steps = kBandSteps;
    plan.finished = std::max<std::int64_t>(1, static_cast<std::int64_t>(active_.size()) / 8);
    for (const Active &band : active_) {
      plan.bands.push_back(band.task.ends);
      plan.progress.push_back(band.progress);
    }
    std::vector<BandResult> results = leave(batch_->relax_bands(plan));
    if (!results.empty()) {
      return results;
    }
    if (go_on && !go_on()) {
      break;
    }
  }
  return {};
}

} // namespace zener
