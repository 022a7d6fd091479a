// CSV as RFC 4180 has it, one record at a time.

#ifndef CAMNODE_CORE_TRAINING_FILMS_CSV_H_
#define CAMNODE_CORE_TRAINING_FILMS_CSV_H_

#include <cstdint>
#include <istream>
#include <streambuf>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

struct CsvRecord {
  int64_t line = 0;  // Where it begins, from 1.  0: there is no further record.
  std::vector<std::string> fields;
};

// Fields are divided by commas, or by another byte that the caller names; one in double
// quotes may hold those, line ends and doubled quotes.  Lines end in LF or CR LF; empty ones and a
// UTF-8 byte order mark are skipped.  Used by one thread.
class CsvReader {
 public:
  static constexpr int64_t kMaxRecordBytes = 1 << 16;

  // REQUIRES: `input` outlives the reader.
  explicit CsvReader(std::istream& input, char separator = ',')
      : input_(*input.rdbuf()), separator_(separator) {}

  // Errors: kInvalidArgument, with the line: more than kMaxRecordBytes, a NUL, a lone
  // carriage return, a quote inside a bare field, text after a closing quote, no
  // closing quote.
  absl::StatusOr<CsvRecord> Next();

 private:
  int NextByte();
  absl::Status ReadField(std::string& field);
  absl::Status ReadQuoted(std::string& field);
  // The byte that ends a field or a record; consumes it.
  absl::Status EndField();
  absl::Status Error(const char* what) const;

  std::streambuf& input_;
  const int separator_;
  int64_t line_ = 1;         // Of the next byte.
  int64_t record_line_ = 1;  // Where the record begins.
  int64_t record_bytes_ = 0;
  bool begun_ = false;
  bool record_ended_ = false;
};

// The text as a field: in quotes if it must be.
std::string QuoteCsv(const std::string& text);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_CSV_H_
