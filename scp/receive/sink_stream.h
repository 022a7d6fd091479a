// Lets DIMSE_receiveDataSetInFile write into an InstanceSink.

#ifndef CAMNODE_SCP_RECEIVE_SINK_STREAM_H_
#define CAMNODE_SCP_RECEIVE_SINK_STREAM_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "core/intake/store_handler.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcerror.h"
#include "dcmtk/dcmdata/dcostrma.h"

namespace camnode {

// Never tells DCMTK of an error before twice `max_bytes` have come: DCMTK would
// read on for a further fragment even if the failing one was the last, and hang.
// After an error the bytes are dropped, so that the instance can be answered and
// the next one taken.  Used by one thread.
class SinkConsumer : public DcmConsumer {
 public:
  // `sink` may be null: all bytes are dropped and status() is `refusal`.
  SinkConsumer(InstanceSink* sink, absl::Status refusal, int64_t max_bytes)
      : sink_(sink), status_(std::move(refusal)), max_bytes_(max_bytes) {}

  OFBool good() const override { return !overrun(); }
  OFCondition status() const override { return overrun() ? EC_InvalidStream : EC_Normal; }
  OFBool isFlushed() const override { return OFTrue; }
  offile_off_t avail() const override { return max_bytes_; }
  void flush() override {}
  offile_off_t write(const void* buffer, offile_off_t size) override;

  // Why the instance is refused; OK if every byte reached the sink.
  const absl::Status& result() const { return status_; }
  int64_t bytes() const { return bytes_; }
  // So many bytes that nobody wants to read on: the association must go.
  bool overrun() const { return bytes_ > 2 * max_bytes_; }

 private:
  InstanceSink* const sink_;
  absl::Status status_;
  const int64_t max_bytes_;
  int64_t bytes_ = 0;
};

class SinkStream : public DcmOutputStream {
 public:
  explicit SinkStream(SinkConsumer& consumer) : DcmOutputStream(&consumer) {}
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_SINK_STREAM_H_
