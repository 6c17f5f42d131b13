// Included before every test that hipcc compiles. clang 15 crashes in device code when it meets this constraint of std::pair
// first inside a class, as it does in GoogleTest's own headers; once it is answered outside of one it is not asked again.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

namespace zener {
inline constexpr bool kHipGtest = std::is_copy_assignable_v<std::pair<const std::string, testing::internal::CodeLocation>> ||
                                  std::is_move_assignable_v<std::pair<const std::string, testing::internal::CodeLocation>>;
} // namespace zener
