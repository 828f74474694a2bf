#pragma once
// libssh's handles as values that free themselves, in the order that the library needs.
#define LIBSSH_LEGACY_0_4 0
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include <memory>
#include <string>

#include "sallyport/base/bytes.hpp"
#include "sallyport/base/result.hpp"

namespace sallyport::broker {

struct FreeBind {
  void operator()(ssh_bind bind) const noexcept { ssh_bind_free(bind); }
};
struct FreeEvent {
  void operator()(ssh_event event) const noexcept { ssh_event_free(event); }
};
struct FreeKey {
  void operator()(ssh_key key) const noexcept { ssh_key_free(key); }
};
struct FreeMessage {
  void operator()(ssh_message message) const noexcept { ssh_message_free(message); }
};
struct FreeString {
  void operator()(char* text) const noexcept { ssh_string_free_char(text); }
};
struct FreeSshString {
  void operator()(ssh_string text) const noexcept { ssh_string_free(text); }
};
struct FreeSession {
  void operator()(ssh_session session) const noexcept { ssh_free(session); }
};

using BindHandle = std::unique_ptr<ssh_bind_struct, FreeBind>;
using EventHandle = std::unique_ptr<ssh_event_struct, FreeEvent>;
using KeyHandle = std::unique_ptr<ssh_key_struct, FreeKey>;
using MessageHandle = std::unique_ptr<ssh_message_struct, FreeMessage>;
using SessionHandle = std::unique_ptr<ssh_session_struct, FreeSession>;

/// The public half as RFC 4253's blob. Empty if libssh cannot export it.
base::Bytes public_blob(ssh_key key);

/// What libssh says went wrong, escaped: it may quote the peer.
std::string library_error(void* session_or_bind);

}  // namespace sallyport::broker
