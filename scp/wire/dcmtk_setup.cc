#include "scp/wire/dcmtk_setup.h"

#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdict.h"
#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/diutil.h"
#include "dcmtk/oflog/oflog.h"
#include "scp/wire/pdu_guard.h"

namespace camnode {
namespace {

absl::Status SetUp() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  dcmDisableGethostbyaddr.set(OFTrue);
  dcmAssociatePDUSizeLimit.set(PduGuardOptions().max_associate_bytes);
  if (!dcmDataDict.isDictionaryLoaded()) {
    return absl::FailedPreconditionError(
        "DCMTK found no data dictionary; is the package libdcmtk17 complete, or does "
        "DCMDICTPATH point elsewhere?");
  }
  // The first network initialises tables shared by all, without a lock.
  T_ASC_Network* network = nullptr;
  const OFCondition condition = ASC_initializeNetwork(NET_REQUESTOR, 0, 30, &network);
  if (condition.bad()) return absl::InternalError(condition.text());
  ASC_dropNetwork(&network);
  return absl::OkStatus();
}

}  // namespace

absl::Status SetUpDcmtkNetwork() {
  static const absl::Status& status = *new absl::Status(SetUp());
  return status;
}

}  // namespace camnode
