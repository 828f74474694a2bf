#pragma once
#include <cstdint>

#include "sallyport/app/privileges.hpp"

namespace sallyport::app {

enum class Groups : std::uint8_t { dropped, kept };

/// Supplementary groups, then group and user: real, effective and saved. Nothing but system calls, so that a child may
/// do it right after fork. What the kernel refused, in words, with errno; nullptr when all was done.
const char* change_user(const Account& account, Groups groups) noexcept;

}  // namespace sallyport::app
