#pragma once
// Finds the target's secret in text that is to be kept, without keeping the secret. One owner, one thread.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/broker/authority.hpp"

namespace sallyport::broker {

/// Remembers of a secret its length and a 61-bit polynomial hash with a random base, and looks for places of that
/// length and hash: the secret itself may be wiped. Quotes and backslashes are passed over on both sides, so that a
/// password is also found as a shell has it quoted, and as escape_text() writes it. Not found: base64, URL encoding, a
/// secret in pieces.
///
/// A secret of less than kWord bytes is not looked for, one of less than kAnywhere only where it stands as a word: a
/// recording full of holes would help nobody, and such a secret is guessed anyway. Of a private key each line of its
/// PEM form counts.
class Redactor {
 public:
  static constexpr std::size_t kWord = 4;
  static constexpr std::size_t kAnywhere = 8;
  static constexpr std::size_t kKeyLine = 32;  ///< shorter lines of a key are not looked for
  static constexpr std::size_t kMaxTraces = 256;
  static constexpr std::string_view kMark = "<secret>";

  Redactor();

  void learn(CredentialKind kind, const base::SecretBytes& secret);
  /// `text` with kMark in the place of each secret; in linear time.
  std::string redact(std::string_view text) const;

 private:
  struct Trace {
    std::size_t length;  ///< without quotes and backslashes
    std::uint64_t hash;
    friend auto operator<=>(const Trace&, const Trace&) = default;
  };
  struct Place {
    std::size_t begin;
    std::size_t end;
  };
  Trace trace_of(base::ByteView secret, bool escaped) const;
  void add(const Trace& trace, std::size_t least);
  void find(std::size_t length, std::string_view text, const std::vector<std::size_t>& kept,
            std::vector<Place>& places) const;

  std::uint64_t base_;
  std::vector<Trace> traces_;  ///< sorted
};

}  // namespace sallyport::broker
