// Where the scanner takes a data set's bytes from: a file, or a file inflated on
// the way (Deflated Explicit VR Little Endian, PS3.5 A.5).

#ifndef CAMNODE_CORE_DICOM_FILE_BYTE_SOURCE_H_
#define CAMNODE_CORE_DICOM_FILE_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

// Read front to back by one thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads `size` bytes, or fewer where the data ends.
  // Errors: kUnavailable (cannot read), kDataLoss (the deflated stream is
  // damaged), kInvalidArgument (it inflates beyond the limit).
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;

  // Errors: as Read, and kDataLoss if the data ends before.
  virtual absl::Status Skip(uint64_t size) = 0;

  // Bytes left, as far as known: never fewer than there are.
  virtual uint64_t Remaining() const = 0;

  // Bytes read or skipped so far.
  virtual uint64_t position() const = 0;
};

// A regular file.
class FileByteSource final : public ByteSource {
 public:
  // Errors: kUnavailable if it cannot be opened or is no regular file.
  static absl::StatusOr<std::unique_ptr<FileByteSource>> Open(const std::string& path);
  ~FileByteSource() override;
  FileByteSource(const FileByteSource&) = delete;
  FileByteSource& operator=(const FileByteSource&) = delete;

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  absl::Status Skip(uint64_t size) override;
  uint64_t Remaining() const override { return size_ - position_; }
  uint64_t position() const override { return position_; }

  // As Read, but stays where it is.
  absl::StatusOr<size_t> Peek(char* buffer, size_t size);

 private:
  FileByteSource(int descriptor, uint64_t size);
  absl::StatusOr<size_t> ReadFile(char* buffer, size_t size, uint64_t from) const;

  const int descriptor_;
  const uint64_t size_;
  uint64_t position_ = 0;
  std::string buffer_;  // Bytes from buffer_start_ on.
  uint64_t buffer_start_ = 0;
};

// Inflates what `deflated` still holds; borrows it.  At most `max_bytes` come
// out, whatever the stream claims.
std::unique_ptr<ByteSource> MakeInflatingByteSource(ByteSource& deflated, uint64_t max_bytes);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_BYTE_SOURCE_H_
