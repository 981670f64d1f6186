#pragma once
// Java's .properties format, with the line of every key.
//
// Rules of java.util.Properties: '#' and '!' comments; '=', ':' or blanks between key and value; a
// backslash at the end of a line continues it; \t \n \r \f \uXXXX, any other escaped character is
// itself. Java reads ISO-8859-1. Files that are valid UTF-8 are read as UTF-8 here, since nobody
// writes UTF-8 and means the Latin-1 reading of it; all other files are read as ISO-8859-1.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ottla::flow {

inline constexpr std::size_t kPropertiesBytesMax = 8U << 20U;

struct Property {
  std::string key;
  std::string value;  // UTF-8
  int line = 0;       // from 1, where the key starts
};

// One key given twice: the later one counts, as in Java.
struct DuplicateKey {
  std::string key;
  int first_line = 0;
  int second_line = 0;
};

class Properties {
 public:
  // kInvalidInput names file and line; kLimitExceeded for a file above kPropertiesBytesMax.
  static Result<Properties> parse(std::string_view text, std::string_view file_name);

  // Sorted by key, each key once.
  [[nodiscard]] const std::vector<Property>& entries() const { return entries_; }
  [[nodiscard]] const std::vector<DuplicateKey>& duplicates() const { return duplicates_; }
  [[nodiscard]] const Property* find(std::string_view key) const;

 private:
  std::vector<Property> entries_;
  std::vector<DuplicateKey> duplicates_;
};

}  // namespace ottla::flow
