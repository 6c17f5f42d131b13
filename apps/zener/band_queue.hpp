// Bands and relaxations on one device, as many at once as it holds: what is finished leaves, what waits enters.
#pragma once

#include "apps/zener/statics.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace zener {

// A band, or with one image and no ends a system that relaxes alone. Images hold the same atoms in the same cell.
struct BandTask {
  std::vector<Atoms> images;
  BandEnds ends;
};

struct BandResult {
  std::size_t task = 0;      // as add() numbered it
  bool lost = false;         // an atom ran away; nothing else is known
  BandReport report;         // converged or out of steps
  std::vector<Atoms> images; // positions not wrapped
};

// Images on straight lines between two ends of the same atoms, without the ends.
std::vector<Atoms> straight_path(const Atoms &first, const Atoms &last, int images);

// As many atoms in one batch as keep a device busy, or as many as are asked for.
std::int64_t suitable_atoms(const std::optional<std::int64_t> &asked, const DeviceInfo &device, const std::string &backend);

// Results do not depend on what else is in the queue nor on atoms_at_once.
class BandQueue {
public:
  // Springs, tolerances and steps are those of `settings`; its bands, progress, steps and finished are not used. A batch holds
  // at most `atoms_at_once` atoms, or one band.
  BandQueue(MakeAtoms make, BandsPlan settings, std::int64_t atoms_at_once);

  // The number of the task: 0, 1, …
  std::size_t add(BandTask task);
  std::size_t unfinished() const { return waiting_.size() + active_.size(); }
  // Runs until something is finished. Empty when nothing is left, or when `go_on`, asked every kBandSteps steps, said no.
  std::vector<BandResult> next(const std::function<bool()> &go_on = {});
  // Steps of images so far, each a call for forces.
  std::int64_t force_calls() const { return force_calls_; }

private:
  struct Active {
    std::size_t number = 0;
    BandTask task;
    BandProgress progress;
    BandProgress entry; // with which it entered this batch
    bool kept = false;  // in kept_, from system kept_at on
    std::size_t kept_at = 0;
  };
  void enter();
  std::vector<BandResult> leave(const BandsReport &report);

  MakeAtoms make_;
  BandsPlan settings_;
  std::int64_t atoms_at_once_;
  std::size_t added_ = 0;
  std::int64_t force_calls_ = 0;
  std::deque<Active> waiting_;
  std::vector<Active> active_;
  std::unique_ptr<AtomsBatch> batch_;
  std::vector<Atoms> systems_; // of the batch
  // Where bands that go on stood when the last batch was given up.
  std::vector<Atoms> kept_systems_;
  DynamicsState kept_;
};

inline constexpr std::int64_t kBandSteps = 50;

} // namespace zener
