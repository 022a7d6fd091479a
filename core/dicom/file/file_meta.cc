#include "core/dicom/file/file_meta.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/transfer_syntax.h"

namespace camnode {
namespace {

constexpr uint16_t kMetaGroup = 0x0002;
constexpr uint16_t kTransferSyntaxElement = 0x0010;
constexpr size_t kPreambleBytes = 128;
constexpr int kMaxMetaElements = 10'000;

// PS3.5 table 6.2-1.
constexpr absl::string_view kShortVrs =
    "AE AS AT CS DA DS DT FL FD IS LO LT PN SH SL SS ST TM UI UL US ";
constexpr absl::string_view kLongVrs = "OB OD OF OL OV OW SQ SV UC UN UR UT UV ";

bool Contains(absl::string_view list, absl::string_view vr) {
  const size_t at = vr.size() == 2 ? list.find(vr) : absl::string_view::npos;
  return at != absl::string_view::npos && at % 3 == 0;
}

uint16_t Load16(const char* bytes) {
  return static_cast<uint16_t>(static_cast<unsigned char>(bytes[0]) |
                               static_cast<unsigned char>(bytes[1]) << 8);
}

uint32_t Load32(const char* bytes) {
  return Load16(bytes) | static_cast<uint32_t>(Load16(bytes + 2)) << 16;
}

absl::Status NoDicom() { return absl::DataLossError("this is no DICOM file"); }

// One element of the meta information; its text goes to `transfer_syntax` if it
// is the one.
absl::Status ReadMetaElement(FileByteSource& file, std::string& transfer_syntax) {
  char header[12] = {};
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, file.Peek(header, sizeof(header)));
  if (got < 8) return absl::DataLossError("the file meta information ends too early");
  const absl::string_view vr(header + 4, 2);
  size_t header_bytes = 8;
  uint64_t length = 0;
  if (HasLongLength(vr)) {
    if (got < 12) return absl::DataLossError("the file meta information ends too early");
    header_bytes = 12;
    length = Load32(header + 8);
  } else if (IsKnownVr(vr)) {
    length = Load16(header + 6);
  } else {
    length = Load32(header + 4);  // Some writers put implicit VR here.
  }
  CAMNODE_RETURN_IF_ERROR(file.Skip(header_bytes));
  if (length > file.Remaining()) {
    return absl::DataLossError("an element of the file meta information ends beyond the file");
  }
  if (Load16(header + 2) != kTransferSyntaxElement) return file.Skip(length);
  char text[128] = {};
  const size_t text_bytes = static_cast<size_t>(std::min<uint64_t>(length, sizeof(text)));
  CAMNODE_ASSIGN_OR_RETURN(const size_t text_got, file.Read(text, text_bytes));
  transfer_syntax.assign(text, text_got);
  return file.Skip(length - text_got);
}

// A data set whose first element carries a value representation is explicit.
absl::StatusOr<bool> LooksExplicit(FileByteSource& file) {
  char header[8] = {};
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, file.Peek(header, sizeof(header)));
  if (got < sizeof(header)) return NoDicom();
  return IsKnownVr(absl::string_view(header + 4, 2));
}

// Without meta information only the data set itself can say that it is one: its
// first element must be of a group that a data set may begin with.
absl::Status CheckLooksLikeDataSet(FileByteSource& file) {
  char header[8] = {};
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, file.Peek(header, sizeof(header)));
  if (got < sizeof(header)) return NoDicom();
  const uint16_t group = Load16(header);
  if (group != 0x0008 && group != 0x0010) return NoDicom();
  const absl::string_view vr(header + 4, 2);
  if (!IsKnownVr(vr) && Load32(header + 4) > file.Remaining()) return NoDicom();
  return absl::OkStatus();
}

// Goes past the preamble and "DICM", where there are any.
absl::Status SkipPreamble(FileByteSource& file) {
  char start[kPreambleBytes + 6] = {};
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, file.Peek(start, sizeof(start)));
  if (got >= kPreambleBytes + 4 && std::memcmp(start + kPreambleBytes, "DICM", 4) == 0) {
    // A data set without preamble may hold these letters just there.
    const bool meta_follows = Load16(start + kPreambleBytes + 4) == kMetaGroup;
    if (!meta_follows && CheckLooksLikeDataSet(file).ok()) return absl::OkStatus();
    return file.Skip(kPreambleBytes + 4);
  }
  if (got >= 4 && std::memcmp(start, "DICM", 4) == 0) return file.Skip(4);
  return absl::OkStatus();
}

}  // namespace

bool HasLongLength(absl::string_view vr) { return Contains(kLongVrs, vr); }
bool IsKnownVr(absl::string_view vr) { return HasLongLength(vr) || Contains(kShortVrs, vr); }

absl::StatusOr<FileMeta> ReadFileMeta(FileByteSource& file) {
  CAMNODE_RETURN_IF_ERROR(SkipPreamble(file));
  std::string transfer_syntax;
  int elements = 0;
  while (true) {
    char group[2] = {};
    CAMNODE_ASSIGN_OR_RETURN(const size_t got, file.Peek(group, sizeof(group)));
    if (got < sizeof(group) || Load16(group) != kMetaGroup) break;
    if (++elements > kMaxMetaElements) return absl::DataLossError("endless file meta information");
    CAMNODE_RETURN_IF_ERROR(ReadMetaElement(file, transfer_syntax));
  }

  FileMeta meta;
  if (elements == 0) CAMNODE_RETURN_IF_ERROR(CheckLooksLikeDataSet(file));
  absl::StatusOr<Uid> uid = Uid::Parse(transfer_syntax);
  if (!transfer_syntax.empty() && !uid.ok()) {
    return Annotate(uid.status(), "Transfer Syntax UID (0002,0010)");
  }
  const std::string text = uid.ok() ? uid->text() : "";
  meta.big_endian = text == kExplicitBigEndian;
  meta.deflated = text == kDeflatedLittleEndian;
  if (text.empty() || text == kImplicitLittleEndian || text == kExplicitLittleEndian) {
    // Real files name one of these and use the other: believe the data set.
    CAMNODE_ASSIGN_OR_RETURN(meta.explicit_vr, LooksExplicit(file));
  }
  if (uid.ok()) {
    meta.transfer_syntax_uid = *uid;
  } else {
    meta.transfer_syntax_uid =
        *Uid::Parse(meta.explicit_vr ? kExplicitLittleEndian : kImplicitLittleEndian);
  }
  return meta;
}

}  // namespace camnode
