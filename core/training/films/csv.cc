#include "core/training/films/csv.h"

#include <streambuf>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr int kEnd = std::char_traits<char>::eof();
constexpr char kNul[] = "a NUL byte: not a text file, or one in UTF-16; save it in UTF-8";

}  // namespace

absl::Status CsvReader::Error(const char* what) const {
  return absl::InvalidArgumentError(absl::StrCat("line ", record_line_, ": ", what));
}

int CsvReader::NextByte() {
  const int byte = input_.sbumpc();
  if (byte == '\n') ++line_;
  if (byte != kEnd) ++record_bytes_;
  return byte;
}

absl::StatusOr<CsvRecord> CsvReader::Next() {
  if (!begun_) {
    begun_ = true;
    for (const int mark : {0xEF, 0xBB, 0xBF}) {
      if (input_.sgetc() != mark) break;
      input_.sbumpc();
    }
  }
  while (input_.sgetc() == '\n' || input_.sgetc() == '\r') {
    if (NextByte() == '\r' && input_.sgetc() != '\n') {
      record_line_ = line_;
      return Error("a carriage return that ends no line");
    }
  }
  CsvRecord record;
  if (input_.sgetc() == kEnd) return record;
  record.line = record_line_ = line_;
  record_bytes_ = 0;
  record_ended_ = false;
  while (!record_ended_) {
    std::string field;
    CAMNODE_RETURN_IF_ERROR(ReadField(field));
    record.fields.push_back(std::move(field));
    CAMNODE_RETURN_IF_ERROR(EndField());
  }
  return record;
}

absl::Status CsvReader::ReadField(std::string& field) {
  if (input_.sgetc() == '"') return ReadQuoted(field);
  while (true) {
    const int byte = input_.sgetc();
    if (byte == kEnd || byte == separator_ || byte == '\n' || byte == '\r') return absl::OkStatus();
    if (byte == '"') return Error("a quote inside a field that does not begin with one");
    if (byte == 0) return Error(kNul);
    field.push_back(static_cast<char>(NextByte()));
    if (record_bytes_ > kMaxRecordBytes) return Error("longer than 64 KiB");
  }
}

absl::Status CsvReader::ReadQuoted(std::string& field) {
  NextByte();
  while (true) {
    const int byte = NextByte();
    if (byte == kEnd) return Error("a quote that is not closed");
    if (byte == 0) return Error(kNul);
    if (record_bytes_ > kMaxRecordBytes) return Error("longer than 64 KiB");
    if (byte == '"') {
      if (input_.sgetc() != '"') return absl::OkStatus();
      NextByte();
    }
    field.push_back(static_cast<char>(byte));
  }
}

absl::Status CsvReader::EndField() {
  int byte = NextByte();
  if (record_bytes_ > kMaxRecordBytes) return Error("longer than 64 KiB");
  if (byte == separator_) return absl::OkStatus();
  if (byte == '\r') {
    byte = NextByte();
    if (byte != '\n') return Error("a carriage return that ends no line");
  }
  if (byte != '\n' && byte != kEnd) return Error("text after a closing quote");
  record_ended_ = true;
  return absl::OkStatus();
}

std::string QuoteCsv(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace camnode
