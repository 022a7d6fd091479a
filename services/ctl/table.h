// How camnodectl writes for people: tables, times, sizes, and nothing that could
// steer a terminal.

#ifndef CAMNODE_SERVICES_CTL_TABLE_H_
#define CAMNODE_SERVICES_CTL_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace camnode {

// `text` with every control and non-ASCII byte replaced by '?', cut at 500 bytes:
// answers carry texts of peers, which must not move the cursor.
std::string Printable(absl::string_view text);

// "2026-03-01 14:05:09" in `zone`; "-" if the time is not set.
std::string TimeText(const google::protobuf::Timestamp& time, absl::TimeZone zone);

// "850 B", "1.4 KB", "12.0 MB" ... in powers of 1,000.
std::string SizeText(int64_t bytes);

// "5 s", "3 min", "2 h", "4 days"; negative spans are "0 s".
std::string SpanText(absl::Duration span);

// Columns aligned by their widest cell, two spaces apart, a heading in capitals.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  // As many cells as headings.  Cells are made printable.
  void AddRow(std::vector<std::string> cells);

  // Each line begins with `indent` and ends with a newline, without blanks before it.
  std::string ToString(absl::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_TABLE_H_
