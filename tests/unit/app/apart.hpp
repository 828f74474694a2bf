#pragma once
#include "sallyport/app/privileges.hpp"

namespace sallyport::test {

/// Each process under its own user: numbers that no system user has, since the kernel needs no names.
inline app::Identities apart() {
  app::Identities who;
  who.vault = {61001, 61001};
  who.ssh = {61002, 61002};
  who.web = {61003, 61003};
  who.rotator = {61004, 61004};
  who.session = {61005, 61005};
  return who;
}

}  // namespace sallyport::test
