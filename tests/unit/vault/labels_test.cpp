#include "sallyport/vault/labels.hpp"

#include "support/catch.hpp"

using namespace sallyport::vault;

TEST_CASE("labels are read in any order and written ordered by key") {
  CHECK(format_labels(parse_labels("team=db,env=prod").value()) == "env=prod,team=db");
  CHECK(parse_labels("").value().empty());
}

TEST_CASE("malformed labels are refused") {
  const auto* text = GENERATE("env", "=prod", "env=", "env=prod,", ",env=prod", "env=prod,env=dev", "Env=prod",
                              "env=pr od", "env=\xEF\xBC\x90", "env=a=b", "env=prod\n");
  CHECK_FALSE(parse_labels(text).has_value());
}

TEST_CASE("more labels than the bound are refused") {
  std::string text;
  for (int i = 0; i < 17; ++i) text += (i == 0 ? "" : ",") + std::string("k") + std::to_string(i) + "=v";
  CHECK_FALSE(parse_labels(text).has_value());
}

TEST_CASE("an account's own label wins over its target's") {
  const Labels merged = merge_labels({{"env", "prod"}, {"os", "linux"}}, {{"env", "dev"}});
  CHECK(format_labels(merged) == "env=dev,os=linux");
}
