#pragma once
// The signed statement "this log has n entries and this root": C2SP tlog-checkpoint in a C2SP signed-note,
// with an Ed25519 signature (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note).
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/audit/merkle.hpp"
#include "sallyport/base/crypto.hpp"

namespace sallyport::audit {

inline constexpr std::size_t kMaxNote = 4096;  ///< bytes of a signed checkpoint; longer ones are refused unread

/// Whose signature is looked for. The name of a log's key is its origin.
struct VerifierKey {
  std::string name;  ///< 1-200 printable bytes without space and '+'
  base::PublicKey key{};

  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

/// First four bytes of SHA-256(name || 0x0A || 0x01 || key), big-endian as in the signature line.
std::array<std::uint8_t, 4> key_id(const VerifierKey& key);
/// "name+c74f20a3+ARpc2Q...": how a key is handed to an auditor.
std::string format_verifier_key(const VerifierKey& key);
base::Result<VerifierKey> parse_verifier_key(std::string_view text);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The note: body, empty line, one signature line. The key's name is the checkpoint's origin.
std::string sign_checkpoint(const Checkpoint& checkpoint, const base::SigningKey& key);
/// Reads without trusting: nothing is verified.
base::Result<Checkpoint> parse_checkpoint(std::string_view note);
/// Errc::corrupt unless the note is signed by `key` and its origin is the key's name. Other signatures (witnesses) are
/// let pass, as the specification asks.
base::Result<Checkpoint> verify_checkpoint(std::string_view note, const VerifierKey& key);

/// Signed notes in general: verifies `key`'s signature and gives the text before the empty line.
base::Result<std::string_view> verify_note(std::string_view note, const VerifierKey& key);

}  // namespace sallyport::audit
