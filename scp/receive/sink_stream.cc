#include "scp/receive/sink_stream.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace camnode {

offile_off_t SinkConsumer::write(const void* buffer, offile_off_t size) {
  bytes_ += size;
  if (status_.ok() && bytes_ > max_bytes_) {
    status_ = absl::ResourceExhaustedError(
        absl::StrCat("data set is larger than ", max_bytes_, " bytes"));
  }
  if (status_.ok()) {
    status_ = sink_->Append(
        absl::string_view(static_cast<const char*>(buffer), static_cast<size_t>(size)));
  }
  return overrun() ? 0 : size;
}

}  // namespace camnode
