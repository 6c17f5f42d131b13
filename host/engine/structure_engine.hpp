// Structure of frames of atoms on one device: owns the memory that the analyses of structure need and runs their kernels.
#pragma once

#include "host/neutral/structure_plan.hpp"
#include "kernels/analysis/bonds.hpp"
#include "kernels/core/box.hpp"
#include "kernels/exec/queue.hpp"
#include "kernels/neighbours/lists.hpp"

#include <memory>
#include <vector>

namespace zener {
inline namespace ZENER_BACKEND {

// Looks at frames that lie on the device already, one after another: K systems, N atoms in all, each always the same.
class StructureEngine {
public:
  // What the systems are: atoms of each element, elements as each system numbers them, and which directions are periodic.
  struct Systems {
    std::vector<std::int64_t> begin{0};                      // [K + 1]
    std::vector<std::vector<std::int64_t>> atoms_of_element; // [K][elements of the system]
    std::vector<std::array<bool, 3>> periodic;               // [K]
  };

  // Throws ConfigError for what cannot be found: a number out of its range, g(r), S(q) or Voronoi cells where a direction is
  // free.
  StructureEngine(Queue &queue, const StructurePlan &plan, Systems systems);

  // sites [N] by system, types as each system numbers its elements; boxes [K], order [N] places as given. Nothing of this is
  // kept or changed, positions need not be wrapped. Throws DataError for atoms that no structure can be found of (one on
  // another, a void beyond what a kernel's scratch holds).
  StructureResult look(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given);

private:
  void begin_frame(View<const Site, 1> sites, View<const Box, 1> boxes, View<const std::int32_t, 1> given);
  void make_lists(double range_A);
  AtomsView atoms() const;
  double spacing() const;
  void find_cells(StructureResult &result);
  void find_parameters(StructureResult &result);
  void find_pairs(StructureResult &result);
  void find_waves(StructureResult &result);
  void find_kinds(StructureResult &result);
  void report_facets(StructureResult &result);

  Queue &queue_;
  StructurePlan plan_;
  Systems systems_;
  std::int64_t n_ = 0;
  std::int64_t k_ = 0;
  int types_ = 0;
  // The frame as given, wrapped, and sorted for the lists.
  DeviceBuffer<Site> wrapped_, sorted_;
  DeviceBuffer<std::int32_t> given_, sort_order_, order_; // order_: places as given of the sorted atoms
  DeviceBuffer<Box> boxes_;
  DeviceBuffer<std::int64_t> begin_;
  DeviceBuffer<std::int32_t> flags_, halted_, counter_;
  std::vector<Box> host_boxes_;
  std::unique_ptr<NeighbourLists> lists_;
  double range_A_ = 0.0; // of the lists; 0: none are made of this frame
  // Voronoi cells of the frame; their facets are bonds.
  DeviceBuffer<std::int32_t> done_, trouble_;
  DeviceBuffer<double> volume_, area_;
  Bonds facets_, bonds_;
  DeviceBuffer<double> moments_, q_;
  double cell_range_A_ = 0.0; // that settled all cells of the last frame
};

// One frame of each system, uploaded once. The call of the seam.
StructureResult find_structure(Queue &queue, const StructurePlan &plan, const std::vector<Atoms> &systems);

} // namespace ZENER_BACKEND
} // namespace zener
