// RenderOverlay: a stored map drawn over the stored display raster.  No film is
// decoded: the worker kept what is needed.

#ifndef CAMNODE_SERVICES_API_OVERLAY_REQUEST_H_
#define CAMNODE_SERVICES_API_OVERLAY_REQUEST_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/result_store.h"

namespace camnode {

struct OverlayRequest {
  std::string model;  // Empty: the panel of all.
  double alpha = 0.4;
};

// A PNG.
// Errors: kInvalidArgument (INVALID_FIELD: alpha, model); kFailedPrecondition
// (NOT_ELIGIBLE: the film was not analysed; NO_DISPLAY_RASTER); those of BlobStore
// and core/render, as kInternal or kUnavailable.
absl::StatusOr<std::string> RenderStoredOverlay(
    const StoredAnalysis& stored, const OverlayRequest& request, const BlobStore& blobs,
    const std::map<std::string, std::string>& populations);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_OVERLAY_REQUEST_H_
