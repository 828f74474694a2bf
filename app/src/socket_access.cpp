#include "socket_access.hpp"

#include <endian.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sallyport/base/bytes.hpp"

namespace sallyport::app {
namespace {

// The kernel's own form (linux/posix_acl_xattr.h), little-endian; libacl is not needed for one list.
constexpr const char* kList = "system.posix_acl_access";
constexpr std::uint16_t kReadWrite = ACL_READ | ACL_WRITE;
constexpr auto kNobody = static_cast<std::uint32_t>(ACL_UNDEFINED_ID);

posix_acl_xattr_entry entry(std::uint16_t tag, std::uint16_t may, std::uint32_t id = kNobody) {
  return {htole16(tag), htole16(may), htole32(id)};
}

}  // namespace

base::Result<> admit_users(const std::filesystem::path& socket, std::vector<uid_t> users) {
  std::sort(users.begin(), users.end());  // the kernel takes them in order only
  users.erase(std::unique(users.begin(), users.end()), users.end());
  std::vector<posix_acl_xattr_entry> entries{entry(ACL_USER_OBJ, kReadWrite)};
  for (const auto uid : users) entries.push_back(entry(ACL_USER, kReadWrite, uid));
  entries.push_back(entry(ACL_GROUP_OBJ, 0));
  entries.push_back(entry(ACL_MASK, kReadWrite));
  entries.push_back(entry(ACL_OTHER, 0));
  const posix_acl_xattr_header header{htole32(POSIX_ACL_XATTR_VERSION)};
  base::Bytes list(sizeof header + entries.size() * sizeof entries.front());
  std::memcpy(list.data(), &header, sizeof header);
  std::memcpy(list.data() + sizeof header, entries.data(), entries.size() * sizeof entries.front());
  if (::setxattr(socket.c_str(), kList, list.data(), list.size(), 0) == 0) return base::ok();
  if (errno == EOPNOTSUPP) return base::fail(base::Errc::unsupported, "the file system keeps no access lists");
  return base::fail_errno("can't say who may connect to " + socket.string(), errno);
}

}  // namespace sallyport::app
