#include "core/dicom/file/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zconf.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr size_t kBufferBytes = 16 * 1024;

absl::Status EndsEarly() { return absl::DataLossError("the data set ends too early"); }

class InflatingByteSource final : public ByteSource {
 public:
  InflatingByteSource(ByteSource& deflated, uint64_t max_bytes)
      : deflated_(deflated), max_bytes_(max_bytes), input_(kBufferBytes) {}
  ~InflatingByteSource() override {
    if (started_) inflateEnd(&stream_);
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    CAMNODE_RETURN_IF_ERROR(Start());
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1u << 30));
    while (stream_.avail_out > 0 && !ended_) CAMNODE_RETURN_IF_ERROR(InflateSome());
    const size_t got = static_cast<size_t>(reinterpret_cast<char*>(stream_.next_out) - buffer);
    position_ += got;
    if (position_ > max_bytes_) {
      return absl::InvalidArgumentError(
          absl::StrCat("the deflated data set is longer than ", max_bytes_, " bytes"));
    }
    return got;
  }

  absl::Status Skip(uint64_t size) override {
    if (size > Remaining()) {
      return absl::DataLossError("an element of the deflated data set is longer than allowed");
    }
    std::vector<char> ignored(static_cast<size_t>(std::min<uint64_t>(size, 4 * kBufferBytes)));
    while (size > 0) {
      const size_t want = static_cast<size_t>(std::min<uint64_t>(size, ignored.size()));
      CAMNODE_ASSIGN_OR_RETURN(const size_t got, Read(ignored.data(), want));
      if (got == 0) return EndsEarly();
      size -= got;
    }
    return absl::OkStatus();
  }

  uint64_t Remaining() const override {
    return ended_ ? 0 : max_bytes_ - std::min(max_bytes_, position_);
  }
  uint64_t position() const override { return position_; }

 private:
  absl::Status Start() {
    if (started_) return absl::OkStatus();
    // The standard wants a bare deflate stream (RFC 1951): negative window bits.
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) {
      return absl::ResourceExhaustedError("no memory to inflate");
    }
    started_ = true;
    return absl::OkStatus();
  }

  absl::Status InflateSome() {
    if (stream_.avail_in == 0) {
      CAMNODE_ASSIGN_OR_RETURN(const size_t got, deflated_.Read(input_.data(), input_.size()));
      if (got == 0) return absl::DataLossError("the deflated data set ends too early");
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(got);
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      ended_ = true;
    } else if (result != Z_OK) {
      return absl::DataLossError("the deflated data set is damaged");
    }
    return absl::OkStatus();
  }

  ByteSource& deflated_;
  const uint64_t max_bytes_;
  std::vector<char> input_;
  z_stream stream_ = {};
  bool started_ = false;
  bool ended_ = false;
  uint64_t position_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileByteSource>> FileByteSource::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return absl::UnavailableError(absl::StrCat("cannot open the film: ", std::strerror(errno)));
  }
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    return absl::UnavailableError("the film is not a regular file");
  }
  return std::unique_ptr<FileByteSource>(
      new FileByteSource(descriptor, static_cast<uint64_t>(status.st_size)));
}

FileByteSource::FileByteSource(int descriptor, uint64_t size)
    : descriptor_(descriptor), size_(size) {}

FileByteSource::~FileByteSource() { close(descriptor_); }

absl::StatusOr<size_t> FileByteSource::ReadFile(char* buffer, size_t size, uint64_t from) const {
  size_t got = 0;
  while (got < size) {
    const ssize_t count =
        pread(descriptor_, buffer + got, size - got, static_cast<off_t>(from + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return absl::UnavailableError(absl::StrCat("cannot read the film: ", std::strerror(errno)));
    }
    if (count == 0) break;
    got += static_cast<size_t>(count);
  }
  return got;
}

absl::StatusOr<size_t> FileByteSource::Peek(char* buffer, size_t size) {
  size = static_cast<size_t>(std::min<uint64_t>(size, Remaining()));
  if (size > kBufferBytes) return ReadFile(buffer, size, position_);
  const bool buffered =
      position_ >= buffer_start_ && position_ + size <= buffer_start_ + buffer_.size();
  if (!buffered) {
    buffer_.resize(kBufferBytes);
    buffer_start_ = position_;
    absl::StatusOr<size_t> got = ReadFile(buffer_.data(), kBufferBytes, position_);
    buffer_.resize(got.ok() ? *got : 0);
    if (!got.ok()) return got;
  }
  const size_t offset = static_cast<size_t>(position_ - buffer_start_);
  const size_t count = std::min(size, buffer_.size() - offset);
  std::memcpy(buffer, buffer_.data() + offset, count);
  return count;
}

absl::StatusOr<size_t> FileByteSource::Read(char* buffer, size_t size) {
  CAMNODE_ASSIGN_OR_RETURN(const size_t got, Peek(buffer, size));
  position_ += got;
  return got;
}

absl::Status FileByteSource::Skip(uint64_t size) {
  if (size > Remaining()) return EndsEarly();
  position_ += size;
  return absl::OkStatus();
}

std::unique_ptr<ByteSource> MakeInflatingByteSource(ByteSource& deflated, uint64_t max_bytes) {
  return std::make_unique<InflatingByteSource>(deflated, max_bytes);
}

}  // namespace camnode
