#include "cli_advice.hpp"

namespace sallyport::app {
namespace {

// An Error has one text; texts from elsewhere are escaped and hold no line end.
constexpr std::string_view kBefore = "\n  ";

}  // namespace

base::Error advise(const base::Error& error, std::string_view what) {
  if (what.empty() || error.context().find(kBefore) != std::string::npos) return error;
  return base::fail(error.code(), error.context() + std::string(kBefore) + std::string(what));
}

Said said(const base::Error& error) {
  const auto& text = error.context();
  if (const auto at = text.rfind(kBefore); at != std::string::npos)
    return {text.substr(0, at), text.substr(at + kBefore.size())};
  // For these two the kind is the cause, wherever they come from.
  const bool says_how = text.find("sallyport unseal") != std::string::npos;
  if (error.code() == base::Errc::sealed && !says_how)
    return {text, "an operator opens the vault with: sallyport unseal"};
  if (error.code() == base::Errc::corrupt) return {text, "keep the files as they are and tell the operator"};
  return {text, {}};
}

}  // namespace sallyport::app
