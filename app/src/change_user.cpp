#include "change_user.hpp"

#include <grp.h>
#include <unistd.h>

namespace sallyport::app {

const char* change_user(const Account& account, Groups groups) noexcept {
  if (groups == Groups::dropped && ::setgroups(0, nullptr) != 0) return "can't drop supplementary groups";
  if (::setresgid(account.gid, account.gid, account.gid) != 0) return "can't change the group";
  if (::setresuid(account.uid, account.uid, account.uid) != 0) return "can't change the user";
  return nullptr;
}

}  // namespace sallyport::app
