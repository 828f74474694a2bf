#include "sqlcipher_library.hpp"

#include <dlfcn.h>

#include <cstring>

namespace sallyport::vault {
namespace {

// Sanitizer runtimes refuse RTLD_DEEPBIND: their builds rely on no one else having brought in a libsqlite3.
#ifdef SALLYPORT_SANITIZED
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;
#else
constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

template <class Function>
bool find(void* handle, const char* name, Function& function) {
  void* symbol = ::dlsym(handle, name);
  static_assert(sizeof symbol == sizeof function);
  std::memcpy(&function, &symbol, sizeof symbol);
  return symbol != nullptr;
}

}  // namespace

base::Result<SqlcipherLibrary> SqlcipherLibrary::load(std::span<const char* const> names) {
  for (const char* name : names) {
    void* handle = ::dlopen(name, kFlags);
    if (handle == nullptr) continue;
    SqlcipherLibrary library{};
#define SALLYPORT_FIND(function)                             \
  if (!find(handle, "sqlite3_" #function, library.function)) \
    return base::fail(base::Errc::unsupported,               \
                      std::string(name) + " is not SQLCipher: it has no sqlite3_" #function "; install libsqlcipher");
    SALLYPORT_SQLCIPHER_FUNCTIONS(SALLYPORT_FIND)
#undef SALLYPORT_FIND
    return library;
  }
  return base::fail(base::Errc::unsupported, "SQLCipher's library is not installed; install libsqlcipher");
}

base::Result<const SqlcipherLibrary*> SqlcipherLibrary::system() {
  static constexpr const char* kNames[] = {"libsqlcipher.so.1", "libsqlcipher.so.0"};
  static const base::Result<SqlcipherLibrary> library = load(kNames);
  if (!library) return library.error();
  return &library.value();
}

}  // namespace sallyport::vault
